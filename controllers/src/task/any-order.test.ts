import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFinalPhase } from '@river/crds';
import { Approval, Node, Placement, Task } from '@river/crds/kinds';
import fc from 'fast-check';
import { isOver } from '../placement/placement-state.ts';
import { riverControllers } from '../reconciling/river-controllers.ts';
import { type MemoryCluster, memoryCluster } from '../testing/memory-cluster.ts';
import { approvalDraft, nodeDraft, type Stage, stageOf, taskDraft } from '../testing/stage.ts';

interface Step {
  does: string;
  which: number;
  lag: number;
  cut: number;
}

interface World {
  cluster: MemoryCluster;
  stage: Stage;
  /** Every Placement that ever was, by name. */
  made: Map<string, string>;
  /** Every final phase that was seen, by the Task's uid. */
  finals: Map<string, string>;
}

const pick = <T>(all: readonly T[], which: number): T | undefined => all[which % Math.max(1, all.length)];
const open = (cluster: MemoryCluster) => cluster.all(Placement).filter((placement) => !isOver(placement));
const onNode = (cluster: MemoryCluster) => open(cluster).filter(({ spec }) => spec.nodeName !== undefined);
const tasks = (cluster: MemoryCluster) => cluster.all(Task);

/** One decider looks at one thing, in a view that is behind, and may be killed between two of its changes. */
function decideOnce({ cluster }: World, { which, lag, cut }: Step): void {
  const controller = riverControllers[which % riverControllers.length];
  if (!controller) return;
  // Each kind is behind by itself, as its watch is.
  const view = cluster.viewBehind((kind) => (lag * (kind.length + which)) % (lag + 1));
  const old = cluster.viewBehind(() => (lag * (controller.kind.kind.length + which)) % (lag + 1));
  const objects = cluster.all(controller.kind).flatMap(({ metadata }) => old.get(controller.kind, metadata.name, metadata.namespace) ?? []);
  const object = pick(objects, cut + which);
  if (!object) return;
  const { changes } = controller.reconcile(object, view, cluster.now);
  cluster.apply(changes, cut % 4 === 0 ? cut % (changes.length + 1) : undefined);
}

const conditionsOf = { accept: ['Accepted'], run: ['Accepted', 'Running'] } as const;

function report({ cluster }: World, which: number, said: readonly string[], phase?: string): void {
  const placement = pick(onNode(cluster), which);
  if (!placement) return;
  cluster.edit(placement, (next) => {
    const time = new Date(cluster.now.wallMs).toISOString();
    const fresh = said.map((type) => ({ type, status: 'True' as const, reason: phase ?? 'Said', message: '', lastTransitionTime: time }));
    const kept = (next.status?.conditions ?? []).filter(({ type }) => !said.includes(type));
    Object.assign(next, { status: { ...next.status, conditions: [...kept, ...fresh], ...(phase && { phase }) } });
  });
}

const acts: Record<string, (world: World, step: Step) => void> = {
  decide: decideOnce,
  bind: ({ cluster }, { which }) => {
    const placement = pick(
      open(cluster).filter(({ spec, metadata }) => !spec.nodeName && spec.power === 'Running' && !metadata.deletionTimestamp),
      which,
    );
    if (placement) cluster.edit(placement, ({ spec }) => void Object.assign(spec, { nodeName: `n${1 + (which % 2)}`, epoch: 1 }));
  },
  accept: (world, { which }) => report(world, which, conditionsOf.accept),
  run: (world, { which }) => report(world, which, conditionsOf.run),
  end: (world, { which, lag }) => {
    const placement = pick(onNode(world.cluster), which);
    const phase =
      placement?.spec.power === 'Stopped' ? 'Stopped' : (pick(['Succeeded', 'Failed', 'KilledOOM', 'Rejected'], lag) ?? 'Failed');
    report(world, which, ['Finished'], phase);
  },
  cancel: ({ cluster }, { which }) => want(cluster, which, { cancel: true }),
  suspend: ({ cluster }, { which }) => want(cluster, which, { suspend: true }),
  resume: ({ cluster }, { which }) => want(cluster, which, { suspend: false }),
  approve: ({ cluster }, { which, lag, cut }) => {
    const task = pick(tasks(cluster), which);
    const name = `a${which}-${lag}-${cut}`;
    if (task && !cluster.get(Approval, name, 'lab'))
      cluster.add(Approval, approvalDraft(name, task, { decision: lag === 0 ? 'Denied' : 'Approved' }));
  },
  wait: ({ cluster }, { lag }) => cluster.advance((lag % 8) * 1_500),
  renew: ({ cluster, stage }, { which }) => quiet(stage, cluster, `n${1 + (which % 2)}`),
  drain: ({ cluster }, { which, lag }) => {
    const node = pick(cluster.all(Node), which);
    if (node) cluster.edit(node, ({ spec }) => void Object.assign(spec, { drain: lag > 3 }));
  },
  removePlacement: ({ cluster }, { which }) => {
    const placement = pick(cluster.all(Placement), which);
    if (placement) cluster.remove(placement);
  },
  removeTask: ({ cluster }, { which }) => {
    const task = which % 3 === 0 ? pick(tasks(cluster), which) : undefined;
    if (task) cluster.remove(task);
  },
};

const want = (cluster: MemoryCluster, which: number, spec: object) => {
  const task = pick(tasks(cluster), which);
  if (!task || (task.spec.cancel && 'cancel' in spec)) return;
  cluster.edit(task, (next) => void Object.assign(next.spec, spec));
};

const quiet = (stage: Stage, cluster: MemoryCluster, node: string) => {
  const settle = cluster.settle;
  cluster.settle = () => [];
  stage.renew(node);
  cluster.settle = settle;
};

/** What holds at every moment. */
function check({ cluster, made, finals }: World): void {
  for (const task of tasks(cluster)) {
    const { uid = '', name } = task.metadata;
    const active = open(cluster).filter(({ spec }) => spec.owner.uid === uid);
    assert.ok(active.length <= 1, `${name} has ${active.length} attempts at once`);
    const before = finals.get(uid);
    if (before) assert.equal(task.status?.phase, before, `${name} left its final phase`);
    if (isFinalPhase(task.status?.phase)) {
      finals.set(uid, task.status.phase);
      assert.equal(active.length, 0, `${name} is ${task.status.phase} while something of it may run`);
    }
  }
  for (const { metadata } of cluster.all(Placement)) {
    const before = made.get(metadata.name);
    assert.ok(before === undefined || before === metadata.uid, `${metadata.name} was made twice`);
    made.set(metadata.name, metadata.uid ?? '');
  }
}

/** From here on everybody does their part: it must come to an end. */
function conclude(world: World): void {
  const { cluster, stage } = world;
  for (const node of cluster.all(Node)) cluster.edit(node, ({ spec }) => void Object.assign(spec, { drain: false }));
  for (const task of tasks(cluster)) cluster.edit(task, ({ spec }) => void Object.assign(spec, { suspend: false }));
  for (let rounds = 0; rounds < 60; rounds++) {
    for (const name of ['n1', 'n2']) quiet(stage, cluster, name);
    cluster.settle();
    check(world);
    for (const task of tasks(cluster))
      if (task.status?.phase === 'PendingApproval') cluster.add(Approval, approvalDraft(`late-${rounds}-${task.metadata.name}`, task));
    acts.bind?.(world, { does: 'bind', which: 0, lag: 0, cut: 0 });
    for (let left = onNode(cluster).length; left > 0; left--) {
      const stopped = onNode(cluster)[0]?.spec.power === 'Stopped';
      report(world, 0, ['Finished'], stopped ? 'Stopped' : 'Succeeded');
    }
    cluster.settle();
    check(world);
    const isDone = tasks(cluster).every(({ status }) => isFinalPhase(status?.phase)) && open(cluster).length === 0;
    if (!isDone) {
      cluster.advance(60_000);
      continue;
    }
    assert.deepEqual(cluster.settle(), [], 'once all is over nothing is done any more');
    return;
  }
  assert.fail(`no end: ${JSON.stringify([tasks(cluster).map(({ status }) => status), open(cluster)]).slice(0, 3_000)}`);
}

const steps = fc.array(
  fc.record({
    does: fc.oneof({ weight: 12, arbitrary: fc.constant('decide') }, { weight: 8, arbitrary: fc.constantFrom(...Object.keys(acts)) }),
    which: fc.nat(11),
    lag: fc.oneof(fc.nat(7), fc.nat(60)),
    cut: fc.nat(7),
  }),
  { minLength: 20, maxLength: 120 },
);

const spec = fc.record({
  retry: fc.record({
    limit: fc.nat(3),
    when: fc.uniqueArray(fc.constantFrom('Failed', 'OOM', 'Timeout', 'Lost', 'Rejected'), { maxLength: 3 }),
  }),
  approval: fc.record({ required: fc.boolean() }),
  onDisconnect: fc.constantFrom('Continue', 'Fence'),
});

describe('in any order of events, from views that are behind, killed between any two changes', () => {
  it('each Task has one attempt at a time, none twice, and ends in exactly one final phase', () => {
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 3 }), steps, (specs, all) => {
        const cluster = memoryCluster();
        const world: World = { cluster, stage: stageOf(cluster), made: new Map(), finals: new Map() };
        for (const name of ['n1', 'n2']) {
          cluster.add(Node, nodeDraft(name));
          quiet(world.stage, cluster, name);
        }
        specs.forEach((spec, index) => void cluster.add(Task, taskDraft(`t${index}`, spec)));
        for (const step of all) {
          acts[step.does]?.(world, step);
          check(world);
        }
        conclude(world);
      }),
      { numRuns: Number(process.env.RIVER_ORDER_RUNS ?? 150) },
    );
  });
});
