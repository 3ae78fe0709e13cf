import { type Container, type Driver, DriverError, type FakeProgram, fakeDriver, type WorkOrder } from '@river/node-agent';
import type { Dice } from '../dice.ts';
import type { Machine, Process } from '../time/machine.ts';
import { stoppableClock } from '../time/stoppable-clock.ts';

/** What a machine runs, as it is and not as anybody believes. */
export interface Running {
  order: WorkOrder;
  container: Container;
}

/** A container engine, with the cgroup in which fenced work stands still. It outlives every agent. */
export interface Engine {
  readonly machine: Machine;
  readonly isFrozen: boolean;
  isAway: boolean;
  /** Images cannot be fetched. */
  isRegistryAway: boolean;
  all(): Iterable<Running>;
  freezer: { freeze(): void; thaw(): void; kill(id: string): void; killAll(): void; isEmpty(): boolean };
  /** What an agent sees of it: every call takes time, and may find it away. */
  driverFor(process: Process): Driver;
  /** Somebody has removed a container behind everybody's back. */
  loseOne(dice: Dice): void;
  /** The machine is on again: nothing of what ran has outlived that. */
  boot(): void;
}

export interface EngineDeps {
  machine: Machine;
  dice: Dice;
  programOf: (order: WorkOrder) => FakeProgram;
  /** Told of each change of a container; undefined: it is gone. */
  onChange: (order: WorkOrder, container: Container | undefined) => void;
  onFreezer: () => void;
}

const callMs = { least: 0.3, most: 12 };
const slowShare = 0.03;
const slowMs = { least: 50, most: 3_000 };
const deadlineMs = 15_000;

export function engine({ machine, dice, programOf, onChange, onFreezer }: EngineDeps): Engine {
  const containers = new Map<string, Running>();
  const doomed = new Set<string>();
  const listeners = new Set<(uid?: string) => void>();
  const { clock } = machine.hardware;
  const fenced = stoppableClock(clock);
  let isFrozen = false;
  const fake = fakeDriver({
    clock,
    images: [],
    programOf,
    clockOf: ({ isFenced }) => (isFenced ? fenced : clock),
    onChange(order, container) {
      if (container) containers.set(container.id, { order, container });
      else for (const [id, each] of containers) if (each.order === order) containers.delete(id);
      onChange(order, container);
    },
  });
  void fake.watch((uid) => {
    for (const listener of listeners) listener(uid);
  }, machine.hardware.signal);
  const self: Engine = {
    machine,
    isAway: false,
    isRegistryAway: false,
    get isFrozen() {
      return isFrozen;
    },
    all: () => containers.values(),
    freezer: {
      freeze() {
        isFrozen = true;
        fenced.stop();
        onFreezer();
      },
      thaw() {
        for (const id of doomed) void fake.stop(id, 0, machine.hardware.signal);
        doomed.clear();
        isFrozen = false;
        fenced.go();
        onFreezer();
      },
      killAll() {
        for (const [id, { order, container }] of containers) if (order.isFenced && isLive(container)) self.freezer.kill(id);
      },
      isEmpty: () => ![...containers.values()].some(({ order, container }) => order.isFenced && isLive(container)),
      kill(id) {
        if (isFrozen) doomed.add(id);
        else void fake.stop(id, 0, machine.hardware.signal);
      },
    },
    driverFor: (agent) => remoteDriver({ engine: self, process: agent, fake, listeners, dice }),
    loseOne(chance) {
      const ids = [...containers.keys()];
      if (ids.length > 0 && machine.isOn) void fake.remove(chance.pick(ids), machine.hardware.signal);
    },
    boot() {
      for (const [id, { container }] of containers) if (isLive(container)) void fake.stop(id, 0, machine.hardware.signal);
    },
  };
  return self;
}

const isLive = ({ state }: Container): boolean => state === 'running' || state === 'paused';

interface Remote {
  engine: Engine;
  process: Process;
  fake: Driver;
  listeners: Set<(uid?: string) => void>;
  dice: Dice;
}

/** What the engine has been told to do it does, also when nobody waits for it any more. */
function remoteDriver({ engine, process, fake, listeners, dice }: Remote): Driver {
  const wayMs = () => (dice.chance(slowShare) ? dice.between(slowMs.least, slowMs.most) : dice.between(callMs.least, callMs.most));
  const call = <T>(act: () => Promise<T>, longestMs = deadlineMs): Promise<T> =>
    new Promise((resolve, reject) => {
      const late = process.after(longestMs, () => reject(new DriverError('EngineSlow', 'the engine takes too long')));
      const back = (settle: () => void) =>
        void process.after(wayMs(), () => {
          late();
          settle();
        });
      engine.machine.hardware.after(wayMs(), () => {
        if (engine.isAway) return back(() => reject(new DriverError('EngineUnreachable', 'the engine does not answer')));
        act().then(
          (value) => back(() => resolve(value)),
          (error) => back(() => reject(error)),
        );
      });
    });
  const of =
    <A extends unknown[], T>(act: (...args: A) => Promise<T>) =>
    (...args: A) =>
      call(() => act(...args));
  return {
    observe: of(fake.observe),
    create: of(fake.create),
    start: of(fake.start),
    stop: (id, graceMs, signal) => call(() => fake.stop(id, graceMs, signal), graceMs + deadlineMs),
    pause: of(fake.pause),
    unpause: of(fake.unpause),
    remove: of(fake.remove),
    output: fake.output,
    pull: ({ image }) =>
      call(async () => {
        if (image.startsWith('missing')) throw new DriverError('ImageMissing', `the image ${image} is not here`);
        if (engine.isRegistryAway) throw new DriverError('ImagePull', `the image ${image} cannot be fetched`);
      }),
    watch: (onChange, signal) =>
      new Promise((resolve) => {
        if (engine.isAway) return void process.after(wayMs(), resolve);
        const hear = (uid?: string) => void process.after(wayMs(), () => onChange(uid));
        const leave = () => {
          listeners.delete(hear);
          resolve();
        };
        listeners.add(hear);
        process.onKill(() => listeners.delete(hear));
        signal.addEventListener('abort', leave, { once: true });
        hear();
      }),
  };
}
