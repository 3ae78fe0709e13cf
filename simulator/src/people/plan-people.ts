import { specDigest } from '@river/controllers';
import { isFinalPhase, type JsonObject, type KubeObject } from '@river/crds';
import type { Task } from '@river/crds/kinds';
import type { Act } from '../act.ts';
import type { Dice } from '../dice.ts';
import { home } from '../server/prepared-store.ts';
import { refs, type World } from '../world.ts';
import { commandOf, type Program } from './program.ts';

/** What people want in one run: what they submit, and what they do to it. */
export function planPeople(dice: Dice, untilMs: number): Act[] {
  const tasks = Array.from({ length: 3 + dice.below(4) }, (_, at) => submission(dice, at, untilMs));
  const sets = Array.from({ length: dice.pick([0, 0, 0, 1, 1]) }, (_, at) => setSubmission(dice, at, untilMs));
  const wishes = Array.from({ length: 2 + dice.below(5) }, () => wish(dice, untilMs));
  const answers = Array.from({ length: 2 }, () => approval(dice, dice.between(8_000, untilMs)));
  return [...tasks, ...sets, ...wishes, ...answers];
}

const programs: readonly ((dice: Dice) => Program)[] = [
  (dice) => ({ forMs: dice.between(200, 6_000), code: 0 }),
  (dice) => ({ forMs: dice.between(200, 6_000), code: 0 }),
  (dice) => ({ forMs: dice.between(4_000, 16_000), code: 0 }),
  (dice) => ({ forMs: dice.between(4_000, 16_000), code: 0, isStubborn: true }),
  (dice) => ({ forMs: dice.between(200, 5_000), code: dice.pick([1, 3, 137, 143]) }),
  (dice) => ({ forMs: dice.between(200, 5_000), code: 137, isOutOfMemory: true }),
  () => ({}),
  () => ({ isStubborn: true }),
  () => ({ cannotStart: true }),
];

const causes = ['Failed', 'OOM', 'Timeout', 'Lost', 'Rejected'];

function taskSpec(dice: Dice): JsonObject {
  const program = dice.pick(programs)(dice);
  const some = (share: number, fields: JsonObject): JsonObject => (dice.chance(share) ? fields : {});
  const resources = {
    cpu: dice.pick(['250m', '500m', '1', '1', '2']),
    memory: dice.pick(['128Mi', '1Gi', '2Gi']),
    ...some(0.55, { gpus: dice.pick<JsonObject>([{ count: 1 }, { count: 2 }, { count: 2 }]) }),
  };
  return {
    image: dice.chance(0.06) ? 'missing:1' : 'busybox:test',
    command: commandOf(program),
    resources,
    gracePeriod: dice.pick(['0s', '1s', '3s', '10s']),
    ...some(program.forMs === undefined && program.cannotStart === undefined ? 0.5 : 0.15, { timeout: dice.pick(['2s', '6s', '15s']) }),
    ...some(0.5, { onDisconnect: 'Fence' }),
    retry: {
      limit: dice.pick([0, 1, 2, 3]),
      when: causes.filter(() => dice.chance(0.5)),
      backoff: { initial: dice.pick(['500ms', '2s']), max: '4s' },
    },
  };
}

const drafted = (kind: string, name: string, spec: JsonObject): KubeObject =>
  ({ apiVersion: 'river.dev/v1', kind, metadata: { name, namespace: home }, spec }) as KubeObject & { spec: JsonObject };

function submission(dice: Dice, at: number, untilMs: number): Act {
  const name = `task-${at}`;
  const spec = dice.chance(0.1) ? { image: 'busybox:test', command: commandOf({ forMs: 1_000, code: 0 }) } : taskSpec(dice);
  const dependsOn =
    at > 0 && dice.chance(0.15)
      ? { dependsOn: [{ name: `task-${dice.below(at)}`, condition: dice.pick(['Started', 'Succeeded', 'Failed', 'Finished']) }] }
      : {};
  const more = {
    ...(dice.chance(0.1) && { approval: { required: true } }),
    ...(dice.chance(0.05) && { suspend: true }),
    ...(dice.chance(0.05) && { ttlAfterFinished: '5s' }),
    ...dependsOn,
  };
  const object = drafted('Task', name, { ...spec, ...more });
  return {
    atMs: dice.chance(0.6) ? dice.between(500, 6_000) : dice.between(0, untilMs * 0.8),
    name: 'a Task is submitted',
    do: (world) => void world.ask({ verb: 'create', ref: refs.tasks, name }, object),
  };
}

function setSubmission(dice: Dice, at: number, untilMs: number): Act {
  const name = `set-${at}`;
  const spec = {
    count: 2 + dice.below(3),
    parallelism: 1 + dice.below(3),
    template: { spec: taskSpec(dice) },
    ...(dice.chance(0.2) && { maxFailures: 1 }),
  };
  const object = drafted('TaskSet', name, spec);
  return {
    atMs: dice.between(500, untilMs * 0.6),
    name: 'a TaskSet is submitted',
    do: (world) => void world.ask({ verb: 'create', ref: refs.taskSets, name }, object),
  };
}

const openTasks = ({ mirror }: World): Task[] =>
  mirror.all('Task').filter(({ status, metadata }) => !isFinalPhase(status?.phase) && metadata.deletionTimestamp === undefined);

const patchTask = (world: World, { metadata }: Task, spec: JsonObject): void =>
  void world.ask({ verb: 'patch', ref: refs.tasks, name: metadata.name }, { spec });

const patchNode = (world: World, name: string, spec: JsonObject): void =>
  void world.ask({ verb: 'patch', ref: refs.nodes, name }, { spec });

function remove(world: World, object: KubeObject | undefined, ref: (typeof refs)[keyof typeof refs]): void {
  if (!object) return;
  world.deleted.add(object.metadata.uid ?? '');
  void world.ask({ verb: 'delete', ref, name: object.metadata.name }, {});
}

type Wish = { name: string; weight: number; do(world: World, dice: Dice): void };

const oneOf = <T>(dice: Dice, all: readonly T[], use: (one: T) => void): void => {
  if (all.length > 0) use(dice.pick(all));
};

/** Of a Node that is not there, nobody takes the lease. */
const removable = ({ mirror, nodes, silent }: World) =>
  mirror.all('Node').filter(({ metadata }) => metadata.name !== nodes[silent.at]?.machine.name);

const wishes: readonly Wish[] = [
  {
    name: 'a Task is cancelled',
    weight: 5,
    do: (world, dice) => oneOf(dice, openTasks(world), (task) => patchTask(world, task, { cancel: true })),
  },
  {
    name: 'a Task is paused',
    weight: 3,
    do: (world, dice) => oneOf(dice, openTasks(world), (task) => patchTask(world, task, { suspend: true })),
  },
  {
    name: 'a Task is resumed',
    weight: 3,
    do: (world, dice) => oneOf(dice, openTasks(world), (task) => patchTask(world, task, { suspend: false })),
  },
  {
    name: 'a Task is deleted',
    weight: 2,
    do: (world, dice) => oneOf(dice, world.mirror.all('Task'), (task) => remove(world, task, refs.tasks)),
  },
  {
    name: 'a Placement is deleted',
    weight: 2,
    do: (world, dice) => oneOf(dice, world.mirror.all('Placement'), (each) => remove(world, each, refs.placements)),
  },
  {
    name: 'a TaskSet is deleted',
    weight: 1,
    do: (world, dice) => oneOf(dice, world.mirror.all('TaskSet'), (each) => remove(world, each, refs.taskSets)),
  },
  {
    name: 'a TaskSet is cancelled',
    weight: 1,
    do: (world, dice) =>
      oneOf(dice, world.mirror.all('TaskSet'), ({ metadata: { name } }) =>
        world.ask({ verb: 'patch', ref: refs.taskSets, name }, { spec: { cancel: true } }),
      ),
  },
  {
    name: 'a node is cordoned',
    weight: 1,
    do: (world, dice) => patchNode(world, dice.pick(world.nodes).machine.name, { unschedulable: true }),
  },
  { name: 'a node is opened', weight: 2, do: (world) => open(world) },
  { name: 'a node is drained', weight: 2, do: (world, dice) => patchNode(world, dice.pick(world.nodes).machine.name, { drain: true }) },
  {
    name: 'a node is removed',
    weight: 1,
    do: (world, dice) => oneOf(dice, removable(world), (each) => remove(world, each, refs.nodes)),
  },
];
const weighted = wishes.flatMap((each) => Array.from({ length: each.weight }, () => each));

/** Only of a machine that is off and stays so. */
export const declareDead = (world: World, name: string): void => patchNode(world, name, { declaredDead: true });

/** Every node takes work again. */
export function open(world: World): void {
  for (const { metadata, spec } of world.mirror.all('Node'))
    if (spec.drain || spec.unschedulable) patchNode(world, metadata.name, { drain: false, unschedulable: false });
}

function wish(dice: Dice, untilMs: number): Act {
  const chosen = dice.pick(weighted);
  return { atMs: dice.between(2_000, untilMs), name: chosen.name, do: (world) => chosen.do(world, dice) };
}

function approve(world: World, task: Task, decision: 'Approved' | 'Denied', by: string): void {
  const { name: taskName, uid: taskUid = '' } = task.metadata;
  const name = `${taskName}-${by}-${world.timeline.steps}`;
  const spec = { taskName, taskUid, specDigest: specDigest(task), decision, approver: by };
  void world.ask({ verb: 'create', ref: refs.approvals, name }, drafted('Approval', name, spec));
}

const waiting = (world: World): Task[] => openTasks(world).filter(({ status }) => status?.phase === 'PendingApproval');

function approval(dice: Dice, atMs: number): Act {
  const decision = dice.chance(0.75) ? 'Approved' : 'Denied';
  return {
    atMs,
    name: `a Task is ${decision === 'Approved' ? 'approved' : 'denied'}`,
    do: (world) => oneOf(dice, waiting(world), (task) => approve(world, task, decision, 'anna')),
  };
}

/** Whatever only people can end or let go on. Asked for again and again, until all is at rest. */
export function tidyUp(world: World): void {
  for (const { machine } of world.gone) if (!world.mirror.find('Node', machine.name)?.spec.declaredDead) declareDead(world, machine.name);
  open(world);
  for (const task of waiting(world)) approve(world, task, 'Approved', 'bert');
  for (const task of openTasks(world)) {
    if (task.spec.suspend) patchTask(world, task, { suspend: false });
    // What runs for ever is ended at last.
    if ((isEndless(task) || waitsForNothing(world, task)) && !task.spec.cancel) patchTask(world, task, { cancel: true });
  }
}

/** What it depends on was deleted: it would wait for ever for somebody to make that again. */
const waitsForNothing = ({ mirror }: World, { spec }: Task): boolean =>
  spec.dependsOn?.some(({ name }) => !mirror.find('Task', name)) ?? false;

const isEndless = ({ spec }: Task): boolean => {
  const { forMs, cannotStart }: Program = JSON.parse(spec.command?.[1] ?? '{}');
  return forMs === undefined && !cannotStart && spec.timeout === undefined;
};
