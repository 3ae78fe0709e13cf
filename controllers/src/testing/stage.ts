import { type Condition, phaseOf } from '@river/crds';
import { type Approval, Lease, Node, Placement, Task, type TaskSet } from '@river/crds/kinds';
import { setConditions } from '../decide/conditions.ts';
import { nodesNamespace } from '../node/node-lease.ts';
import { placementName } from '../placement/placement-name.ts';
import { specDigest } from '../task/spec-digest.ts';
import type { MemoryCluster } from './memory-cluster.ts';

const head = (kind: string, name: string, namespace?: string) => ({
  apiVersion: 'river.dev/v1',
  kind,
  metadata: { name, ...(namespace && { namespace }) },
});

export const taskDraft = (name: string, spec: object = {}) => ({ ...head('Task', name, 'lab'), spec: { image: 'busybox', ...spec } });
export const setDraft = (name: string, spec: object = {}) => ({
  ...head('TaskSet', name, 'lab'),
  spec: { template: { spec: { image: 'busybox' } }, ...spec },
});
export const nodeDraft = (name: string, spec: object = {}) => ({ ...head('Node', name), spec });
export const leaseDraft = (name: string) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: nodesNamespace },
  spec: { holderIdentity: name },
});
export const approvalDraft = (name: string, task: Task, spec: Partial<Approval['spec']> = {}) => ({
  ...head('Approval', name, 'lab'),
  spec: {
    taskName: task.metadata.name,
    taskUid: task.metadata.uid ?? '',
    specDigest: specDigest(task),
    decision: 'Approved',
    approver: name,
    ...spec,
  },
});

type Said = Pick<Condition, 'type' | 'status' | 'reason'>;

/** What a person, the scheduler and a node do, each as it does it. */
export interface Stage {
  cluster: MemoryCluster;
  task(name?: string): Task;
  /** The newest attempt. */
  attempt(name?: string): Placement | undefined;
  phase(name?: string): string | undefined;
  bind(node?: string): void;
  /** The node says so of the newest attempt. */
  say(said: readonly Said[], more?: Partial<NonNullable<Placement['status']>>, name?: string): void;
  accept(name?: string): void;
  run(name?: string): void;
  end(phase: string, more?: Partial<NonNullable<Placement['status']>>, name?: string): void;
  want(spec: Partial<Task['spec']>, name?: string): void;
  wantSet(set: TaskSet, spec: Partial<TaskSet['spec']>): void;
  wantNode(name: string, spec: Partial<Node['spec']>): void;
  renew(name: string): void;
}

export function stageOf(cluster: MemoryCluster): Stage {
  const task = (name = 't'): Task => {
    const found = cluster.get(Task, name, 'lab');
    if (!found) throw new Error(`there is no Task ${name}`);
    return found;
  };
  const attempt = (name?: string) => cluster.get(Placement, placementName(task(name), task(name).status?.attempts ?? 0), 'lab');
  const needed = (name?: string): Placement => {
    const found = attempt(name);
    if (!found) throw new Error(`Task ${name ?? 't'} has no attempt`);
    return found;
  };
  const say: Stage['say'] = (said, more = {}, name) => {
    cluster.edit(needed(name), (placement) => {
      const time = new Date(cluster.now.wallMs).toISOString();
      const all = said.map((each) => ({ ...each, message: '' }));
      const conditions = setConditions(placement.status?.conditions, all, { time, generation: placement.metadata.generation });
      placement.status = { ...placement.status, ...more, conditions, phase: phaseOf(conditions) };
    });
    cluster.settle();
  };
  const edit = <T extends Task | TaskSet | Node>(object: T, spec: object) => {
    cluster.edit(object, (next) => {
      Object.assign(next.spec, spec);
    });
    cluster.settle();
  };
  return {
    cluster,
    task,
    attempt,
    phase: (name) => task(name).status?.phase,
    bind(node = 'n1') {
      for (const placement of cluster.all(Placement))
        if (placement.spec.nodeName === undefined && placement.spec.power === 'Running')
          cluster.edit(placement, (next) => {
            const at = { time: new Date(cluster.now.wallMs).toISOString(), generation: 1 };
            const scheduled = { type: 'Scheduled', status: 'True', reason: 'Bound', message: '' } as const;
            Object.assign(next.spec, { nodeName: node, epoch: 1 });
            next.status = { ...next.status, conditions: setConditions(next.status?.conditions, [scheduled], at) };
          });
      cluster.settle();
    },
    say,
    accept: (name) => say([said('Accepted')], {}, name),
    run: (name) => say([said('Accepted'), said('Running')], { startTime: new Date(cluster.now.wallMs).toISOString() }, name),
    end: (phase, more, name) => say([{ type: 'Finished', status: 'True', reason: phase }], { reason: phase, ...more }, name),
    want: (spec, name) => edit(task(name), spec),
    wantSet: (set, spec) => edit(set, spec),
    wantNode(name, spec) {
      const node = cluster.get(Node, name);
      if (node) edit(node, spec);
    },
    renew(name) {
      const lease = cluster.get(Lease, name, nodesNamespace);
      if (lease)
        cluster.edit(lease, (next) =>
          Object.assign(next, { spec: { ...next.spec, holderIdentity: name, renewTime: new Date(cluster.now.wallMs).toISOString() } }),
        );
      else cluster.add(Lease, leaseDraft(name));
      cluster.settle();
    },
  };
}

const said = (type: string): Said => ({ type, status: 'True', reason: 'Said' });
export const saidNot = (type: string): Said => ({ type, status: 'False', reason: 'Said' });
