import type { Clock } from '@river/runtime';
import type { OutputLine } from '../../output/output-line.ts';
import type { Container } from '../../plan/work.ts';
import { type Driver, DriverError } from '../driver.ts';
import type { WorkOrder } from '../work-order.ts';

/** What a program does on the fake: it prints, goes on for a time, and ends. */
export interface FakeProgram {
  prints?: readonly (readonly [OutputLine['stream'], string])[];
  /** For ever when left out. */
  forMs?: number;
  code?: number;
  isStubborn?: boolean;
  /** It cannot be started, for this reason. */
  cannotStart?: string;
  isOutOfMemory?: boolean;
}

export interface FakeDriverOptions {
  clock: Clock;
  /** What an order runs. */
  programOf: (order: WorkOrder) => FakeProgram;
  images: Iterable<string>;
  startMs?: number;
  /** The time by which its program runs, where it is not everybody's: one that is frozen stands still. */
  clockOf?: (order: WorkOrder) => Clock;
  /** Told of each container as it has just become; undefined: it is gone. */
  onChange?: (order: WorkOrder, container: Container | undefined) => void;
}

interface Faked {
  order: WorkOrder;
  clock: Clock;
  container: Container;
  program: FakeProgram;
  lines: OutputLine[];
  leftMs: number;
  since: number;
  cancel: () => void;
}

/** How one goes from made to ended. */
function fakeLife({ clock, onChange }: FakeDriverOptions, listeners: Iterable<(uid?: string) => void>) {
  const tell = ({ container }: Faked) => {
    for (const listener of listeners) listener(container.uid);
  };
  const change = (faked: Faked, to: Partial<Container>) => {
    faked.container = { ...faked.container, ...to };
    onChange?.(faked.order, faked.container);
    tell(faked);
  };
  const end = (faked: Faked, code: number, more: { isOutOfMemory?: boolean; error?: string } = {}) => {
    faked.cancel();
    change(faked, { state: 'exited', exit: { code, finishMs: clock.wallMs(), isOutOfMemory: false, ...more } });
  };
  const go = (faked: Faked) => {
    const { forMs, code = 0, isOutOfMemory = false } = faked.program;
    faked.since = faked.clock.monotonicMs();
    if (forMs !== undefined) faked.cancel = faked.clock.after(faked.leftMs, () => end(faked, code, { isOutOfMemory }));
    change(faked, { state: 'running' });
  };
  const start = (faked: Faked) => {
    const { cannotStart, prints = [] } = faked.program;
    if (cannotStart !== undefined) return end(faked, 127, { error: cannotStart });
    faked.lines = prints.map(([stream, text], at) => ({
      stream,
      timeNs: BigInt(clock.wallMs()) * 1_000_000n + BigInt(at),
      bytes: Buffer.from(`${text}\n`),
    }));
    change(faked, { startMs: clock.wallMs() });
    go(faked);
  };
  const leave = (faked: Faked) => {
    faked.cancel();
    onChange?.(faked.order, undefined);
    tell(faked);
  };
  return { change, end, go, start, leave };
}

const isFollowed = (faked: Faked | undefined): boolean => faked?.container.state === 'running' || faked?.container.state === 'paused';

const nextChange = (listeners: Set<(uid?: string) => void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      listeners.delete(done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    listeners.add(done);
    signal.addEventListener('abort', done, { once: true });
  });

/** Containers in memory, in virtual time: for thousands of nodes and for the simulator. */
export function fakeDriver(options: FakeDriverOptions): Driver {
  const { clock, programOf, images, startMs = 0, clockOf = () => clock, onChange } = options;
  const present = new Set(images);
  const all = new Map<string, Faked>();
  const listeners = new Set<(uid?: string) => void>();
  let made = 0;
  const { change, end, go, start, leave } = fakeLife(options, listeners);
  const wait = (ms: number) => (ms === 0 ? Promise.resolve() : new Promise<void>((resolve) => clock.after(ms, resolve)));
  const isAlive = ({ container: { state } }: Faked) => state === 'running' || state === 'paused';
  return {
    observe: async (_, uid) => [...all.values()].map(({ container }) => container).filter((one) => uid === undefined || one.uid === uid),
    watch: (onChange, signal) => {
      listeners.add(onChange);
      onChange();
      return new Promise((resolve) => {
        const leave = () => {
          listeners.delete(onChange);
          resolve();
        };
        signal.addEventListener('abort', leave, { once: true });
      });
    },
    async pull({ image, policy }) {
      if (present.has(image)) return;
      if (policy === 'Never') throw new DriverError('ImageMissing', `the image ${image} is not here`);
      throw new DriverError('ImagePull', `the image ${image} cannot be fetched`);
    },
    async create(order) {
      const same = [...all.entries()].find(([, { container }]) => container.uid === order.uid && container.epoch === order.epoch);
      if (same) return same[0];
      const id = `fake-${++made}`;
      const program = programOf(order);
      const container: Container = { id, uid: order.uid, epoch: order.epoch, state: 'created' };
      const of = { order, clock: clockOf(order) };
      all.set(id, { ...of, container, program, lines: [], leftMs: program.forMs ?? 0, since: 0, cancel: () => {} });
      onChange?.(order, container);
      return id;
    },
    async start(id) {
      await wait(startMs);
      const faked = all.get(id);
      if (faked?.container.state === 'created') start(faked);
    },
    async stop(id, graceMs) {
      const faked = all.get(id);
      if (!faked || !isAlive(faked)) return;
      const hears = graceMs > 0 && !faked.program.isStubborn;
      if (!hears) await wait(graceMs);
      if (isAlive(faked)) end(faked, hears ? 143 : 137);
    },
    async pause(id) {
      const faked = all.get(id);
      if (faked?.container.state !== 'running') return;
      faked.cancel();
      faked.leftMs -= faked.clock.monotonicMs() - faked.since;
      change(faked, { state: 'paused' });
    },
    async unpause(id) {
      const faked = all.get(id);
      if (faked?.container.state === 'paused') go(faked);
    },
    async remove(id) {
      const faked = all.get(id);
      all.delete(id);
      if (faked) leave(faked);
    },
    async *output(id, { streams = ['stdout', 'stderr'], tail, sinceNs = -1n, follow = false }, signal) {
      const lines = (all.get(id)?.lines ?? []).filter((line) => streams.includes(line.stream) && line.timeNs > sinceNs);
      yield* tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail));
      // All is printed at the start, so what is followed is its end.
      while (follow && isFollowed(all.get(id)) && !signal.aborted) await nextChange(listeners, signal);
    },
  };
}
