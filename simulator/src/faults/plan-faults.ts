import type { Act } from '../act.ts';
import { leaseTaken } from '../check/coverage.ts';
import type { Control } from '../control/control.ts';
import type { Dice } from '../dice.ts';
import type { Direction } from '../network/network.ts';
import type { Node } from '../node/node.ts';
import { declareDead } from '../people/plan-people.ts';
import type { World } from '../world.ts';

export interface FaultPlan {
  acts: Act[];
  /** Whether who decides is left alone. */
  isControlCalm: boolean;
  /** Which of the nodes will be silent. */
  silentAt: number;
}

/** What goes wrong in one run: a few things at any time, and one node that is silent until its lease is taken. */
export function planFaults(dice: Dice, untilMs: number): FaultPlan {
  const isControlCalm = dice.chance(0.35);
  const possible = faults.filter(({ of }) => !(isControlCalm && of === 'control'));
  const weighted = possible.flatMap((each) => Array.from({ length: each.weight }, () => each));
  const several = Array.from({ length: 3 + dice.below(5) }, (): Act => {
    const fault = dice.pick(weighted);
    return { atMs: dice.between(2_000, untilMs), name: fault.name, do: (world) => fault.do(world, dice) };
  });
  const silent = dice.pick(silences);
  // One node always stays.
  const which = silent.name === 'a node is dead for good' ? 1 + dice.below(2) : dice.below(3);
  const silence: Act = {
    atMs: dice.between(4_000, 14_000),
    name: silent.name,
    do: (world) => oneOf(world.nodes[which], (node) => silent.do(world, dice, node)),
  };
  return { acts: [...several, silence], isControlCalm, silentAt: which };
}

const oneOf = <T>(one: T | undefined, use: (one: T) => void): void => {
  if (one !== undefined) use(one);
};

interface Fault {
  name: string;
  of: 'control' | 'node' | 'all';
  weight: number;
  do(world: World, dice: Dice): void;
}

const soon = (world: World, afterMs: number, act: () => void): void => void world.timeline.at(world.timeline.nowMs + afterMs, act);

/** One that is to be silent for long is left to that. */
const liveNode = ({ nodes, silent }: World, dice: Dice): Node | undefined => {
  const on = nodes.filter((node) => node !== silent.node && node.machine.isOn && !node.machine.isSuspended);
  return on.length === 0 ? undefined : dice.pick(on);
};

const ways: readonly (readonly Direction[])[] = [['toServer', 'fromServer'], ['toServer'], ['fromServer']];

function cutOff(world: World, dice: Dice, of: Pick<Node, 'machine'> | undefined, forMs: number): void {
  if (!of) return;
  world.network.cut(of.machine, dice.pick(ways));
  soon(world, forMs, () => world.network.heal(of.machine));
}

/** A guard starts a dead agent again, later and later. */
function agentDies(world: World, node: Node | undefined, forMs: number): void {
  if (!node?.isGuardAlive) return;
  node.killAgent();
  soon(world, forMs, () => node.startAgent());
}

/** An agent starts a dead guard again; it does so as long as it lives and is not held up. */
function guardDies(world: World, dice: Dice): void {
  const node = liveNode(world, dice);
  if (!node?.isAgentAlive || node.agent()?.isPaused) return;
  node.killGuard();
  soon(world, dice.between(80, 6_000), () => node.startGuard());
}

export function suspend(world: World, node: Pick<Node, 'machine'>, forMs: number): void {
  const [found] = world.nodes.filter(({ machine }) => machine === node.machine);
  node.machine.suspend(forMs, () => found && woke(world, found));
}

function woke(world: World, node: Node): void {
  node.woke();
  world.invariants.touch();
  soon(world, 150, () => world.invariants.touch());
}

function powerComes(world: World, node: Node): void {
  if (node.machine.isOn || world.gone.has(node)) return;
  node.powerOn();
  world.invariants.touch();
}

function powerCut(world: World, node: Node | undefined, forMs: number): void {
  if (!node?.machine.isOn) return;
  node.powerOff();
  world.invariants.touch();
  soon(world, forMs, () => powerComes(world, node));
}

const aControl = (world: World, dice: Dice): Control | undefined => {
  const alive = world.controls.filter(({ isAlive }) => isAlive);
  return alive.length === 0 ? undefined : dice.pick(alive);
};

function controlDies(world: World, dice: Dice): void {
  const control = aControl(world, dice);
  if (!control) return;
  world.leaders.many = true;
  control.kill();
  soon(world, dice.between(10, 8_000), () => {
    if (!control.isAlive) control.start('in turn');
  });
}

function controlStandsStill(world: World, dice: Dice): void {
  const control = aControl(world, dice);
  world.leaders.many = true;
  const forMs = dice.between(500, 15_000);
  if (dice.chance(0.5)) control?.process()?.pause(forMs);
  else if (control) suspend(world, control, forMs);
}

/** One that decides although it is not its turn, beside the one whose turn it is. */
function secondLeader(world: World, dice: Dice): void {
  const [, second] = world.controls;
  if (!second) return;
  world.leaders.many = true;
  second.kill();
  second.start('unasked');
  soon(world, dice.between(3_000, 9_000), () => {
    second.kill();
    second.start('in turn');
  });
}

function serverCrashes(world: World, dice: Dice): void {
  if (!world.server.isUp) return;
  world.server.crash();
  soon(world, dice.between(50, 9_000), () => void world.server.start());
}

const kinds = ['tasks', 'placements', 'nodes', 'leases', 'tasksets', undefined];

const faults: readonly Fault[] = [
  {
    name: 'messages are lost and late',
    of: 'all',
    weight: 5,
    do({ network, ...world }, dice) {
      Object.assign(network.weather, { lost: dice.between(0, 0.2), late: dice.between(0.02, 0.4) });
      void world.timeline.at(world.timeline.nowMs + dice.between(2_000, 20_000), () =>
        Object.assign(network.weather, { lost: 0, late: 0 }),
      );
    },
  },
  {
    name: 'a node is cut off',
    of: 'node',
    weight: 3,
    do: (world, dice) => cutOff(world, dice, liveNode(world, dice), dice.between(500, 30_000)),
  },
  { name: 'an agent dies', of: 'node', weight: 4, do: (world, dice) => agentDies(world, liveNode(world, dice), dice.between(250, 10_000)) },
  { name: 'a guard dies', of: 'node', weight: 3, do: guardDies },
  {
    name: 'an agent stands still',
    of: 'node',
    weight: 2,
    do(world, dice) {
      const node = liveNode(world, dice);
      if (node?.isGuardAlive) node.agent()?.pause(dice.between(500, 30_000));
    },
  },
  {
    name: 'a machine sleeps',
    of: 'node',
    weight: 2,
    do(world, dice) {
      const node = liveNode(world, dice);
      if (node) suspend(world, node, dice.between(300, 40_000));
    },
  },
  {
    name: 'the power of a node fails',
    of: 'node',
    weight: 2,
    do: (world, dice) => powerCut(world, liveNode(world, dice), dice.between(2_000, 30_000)),
  },
  {
    name: 'an engine is away',
    of: 'node',
    weight: 3,
    do(world, dice) {
      const { engine } = dice.pick(world.nodes);
      engine.isAway = true;
      soon(world, dice.between(500, 20_000), () => {
        engine.isAway = false;
      });
    },
  },
  { name: 'somebody removes a container', of: 'node', weight: 2, do: (world, dice) => dice.pick(world.nodes).engine.loseOne(dice) },
  {
    name: 'images cannot be fetched',
    of: 'node',
    weight: 2,
    do(world, dice) {
      const { engine } = dice.pick(world.nodes);
      engine.isRegistryAway = true;
      soon(world, dice.between(500, 12_000), () => {
        engine.isRegistryAway = false;
      });
    },
  },
  {
    name: 'a clock is set by an hour',
    of: 'all',
    weight: 3,
    do(world, dice) {
      const machines = [...world.nodes, ...world.controls].map(({ machine }) => machine);
      dice.pick([...machines, world.apiMachine]).stepWall(dice.pick([-3_600_000, 3_600_000]));
    },
  },
  {
    name: 'a watch is far behind',
    of: 'all',
    weight: 5,
    do(world, dice) {
      const { machine } = dice.pick([...world.nodes, ...world.controls, ...world.controls]);
      world.watches.stall(machine, dice.pick(kinds), dice.between(500, 15_000));
    },
  },
  {
    name: 'watches break',
    of: 'all',
    weight: 2,
    do: ({ watches, nodes, controls }, dice) => watches.breakAll(dice.pick([...nodes, ...controls]).machine),
  },
  { name: 'the API server dies', of: 'all', weight: 2, do: serverCrashes },
  { name: 'a controller dies', of: 'control', weight: 4, do: controlDies },
  { name: 'a controller stands still', of: 'control', weight: 3, do: controlStandsStill },
  {
    name: 'a controller is cut off',
    of: 'control',
    weight: 2,
    do: (world, dice) => {
      world.leaders.many = true;
      cutOff(world, dice, aControl(world, dice), dice.between(500, 12_000));
    },
  },
  { name: 'two lead at once', of: 'control', weight: 3, do: secondLeader },
];

/** Until its lease is taken, and a little longer; not for ever, since whoever takes it may be in trouble, too. */
function untilTaken(world: World, dice: Dice, node: Node, end: () => void, goOn = () => {}): void {
  world.silent.node = node;
  const before = world.coverage.counts.get(leaseTaken) ?? 0;
  const lastMs = world.timeline.nowMs + longestSilenceMs;
  const more = dice.between(0, 8_000);
  const look = () => {
    const isTaken = (world.coverage.counts.get(leaseTaken) ?? 0) > before;
    if (!isTaken && world.timeline.nowMs < lastMs) {
      goOn();
      return soon(world, lookMs, look);
    }
    soon(world, more, () => {
      delete world.silent.node;
      end();
    });
  };
  look();
}

export const longestSilenceMs = 90_000;
const lookMs = 500;

const silences: readonly { name: string; do(world: World, dice: Dice, node: Node): void }[] = [
  {
    name: 'a node is cut off until its lease is taken',
    do(world, dice, node) {
      // Where only answers are lost, its renewals are heard: it stands still, and nobody takes its lease.
      const way = dice.pick(ways.slice(0, 2));
      const cut = () => world.network.cut(node.machine, way);
      cut();
      untilTaken(world, dice, node, () => world.network.heal(node.machine), cut);
    },
  },
  {
    name: 'a node is dead until its lease is taken',
    do(world, dice, node) {
      node.powerOff();
      world.invariants.touch();
      untilTaken(world, dice, node, () => powerComes(world, node));
    },
  },
  {
    name: 'an agent is dead until the lease is taken',
    do(world, dice, node) {
      node.startGuard();
      untilTaken(world, dice, node, () => node.startAgent(), node.killAgent);
    },
  },
  {
    name: 'an agent stands still until the lease is taken',
    do(world, dice, node) {
      node.startGuard();
      untilTaken(
        world,
        dice,
        node,
        () => {},
        () => node.agent()?.pause(2 * lookMs),
      );
    },
  },
  {
    name: 'a machine sleeps until its lease is taken',
    do(world, dice, node) {
      let isOver = false;
      const sleep = () => {
        if (isOver) woke(world, node);
        else if (node.machine.isSuspended || !node.machine.isOn) soon(world, lookMs, sleep);
        else node.machine.suspend(lookMs, sleep);
      };
      sleep();
      untilTaken(world, dice, node, () => {
        isOver = true;
      });
    },
  },
  {
    name: 'a node is dead for good',
    do(world, dice, node) {
      node.powerOff();
      world.invariants.touch();
      world.gone.add(node);
      untilTaken(world, dice, node, () => declareDead(world, node.machine.name));
    },
  },
];

/** Where faults have brought each silent node back before its lease was taken: one more, of which nobody hears until it is. */
export function silenceOne(world: World, dice: Dice): void {
  const node = liveNode(world, dice);
  if (!node) return;
  world.trace.tell(`fault: ${node.machine.name} is dead until its lease is taken, since no other was`);
  node.powerOff();
  world.invariants.touch();
  untilTaken(world, dice, node, () => powerComes(world, node));
}

/** From here on nothing goes wrong any more; what is dead for good stays so. */
export function endFaults(world: World): void {
  Object.assign(world.network.weather, { lost: 0, late: 0 });
  for (const { machine } of [...world.nodes, ...world.controls]) world.network.heal(machine);
  if (!world.server.isUp) void world.server.start();
  for (const node of world.nodes) {
    powerComes(world, node);
    Object.assign(node.engine, { isAway: false, isRegistryAway: false });
    node.startGuard();
    node.startAgent();
  }
  for (const control of world.controls) if (!control.isAlive) control.start('in turn');
}
