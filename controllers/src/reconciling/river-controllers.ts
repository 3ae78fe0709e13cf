import { isDeepStrictEqual } from 'node:util';
import { isFinalPhase, type KubeObject } from '@river/crds';
import { Approval, Lease, Namespace, Node, Placement, PriorityClass, Queue, type ResourceDef, Task, TaskSet } from '@river/crds/kinds';
import { isDeleting, uidOf } from '../decide/changes.ts';
import { conditionOf } from '../decide/conditions.ts';
import type { Reconciler, View } from '../decide/decision.ts';
import { isTaken, nodesNamespace } from '../node/node-lease.ts';
import { reconcileNode } from '../node/reconcile-node.ts';
import { isOver } from '../placement/placement-state.ts';
import { reconcilePlacement } from '../placement/reconcile-placement.ts';
import { reconcileTask } from '../task/reconcile-task.ts';
import { reconcileTaskSet } from '../task-set/reconcile-task-set.ts';
import { type Followed, followed } from './cluster.ts';
import type { Controller, Key, Wake } from './run-controller.ts';

/** Every kind that is looked at, and how its objects are found. */
export const riverViews: readonly Followed[] = [
  followed<Task>(Task, {
    owner: ({ metadata }) => (metadata.ownerReferences ?? []).map(({ uid }) => uid),
    dependsOn: ({ spec, metadata }) => (spec.dependsOn ?? []).map(({ name }) => `${metadata.namespace}/${name}`),
  }),
  followed<TaskSet>(TaskSet),
  followed<Placement>(Placement, {
    owner: ({ spec }) => [spec.owner.uid],
    /** On a node, and not over. */
    activeOn: (placement) => (placement.spec.nodeName === undefined || isOver(placement) ? [] : [placement.spec.nodeName]),
  }),
  followed<Approval>(Approval, { task: ({ spec }) => [spec.taskUid] }),
  followed<Node>(Node),
  followed<Lease>(Lease),
  // What the scheduler looks at beside these.
  followed<Queue>(Queue),
  followed<PriorityClass>(PriorityClass),
  followed<KubeObject>(Namespace as ResourceDef),
];

function controller<T extends KubeObject>(
  name: string,
  kind: ResourceDef<T, unknown>,
  reconcile: Reconciler<T>,
  wakes: Wake[],
): Controller {
  // It is only ever given objects of its kind.
  return { name, kind: kind as ResourceDef, reconcile: reconcile as unknown as Reconciler<KubeObject>, wakes };
}

function wake<T extends KubeObject>(kind: ResourceDef<T, unknown>, keys: (object: T, previous: T | undefined, view: View) => Key[]): Wake {
  // It is only ever told of objects of its kind.
  return { kind: kind as ResourceDef, keys: keys as unknown as Wake['keys'] };
}

const ownersOf = ({ metadata }: KubeObject, kind: string): Key[] =>
  (metadata.ownerReferences ?? []).filter((owner) => owner.kind === kind).map(({ name }) => ({ name, namespace: metadata.namespace }));

const keysOf = (objects: readonly KubeObject[]): Key[] => objects.map(({ metadata }) => metadata);

const activeOn = (node: string, view: View): Placement[] => view.byIndex(Placement, 'activeOn', node);

const reachabilityOf = (node: Node | undefined) => conditionOf(node?.status?.conditions, 'Reachable')?.status;

/** Only what reaches beyond the Node itself: its status changes all the time. */
const matters = (node: Node, previous: Node | undefined): boolean =>
  !isDeepStrictEqual(node.spec, previous?.spec) || isDeleting(node) || reachabilityOf(node) !== reachabilityOf(previous);

export const riverControllers: readonly Controller[] = [
  controller('task', Task, reconcileTask, [
    wake(Placement, ({ spec, metadata }) =>
      spec.owner.kind === Task.kind ? [{ name: spec.owner.name, namespace: metadata.namespace }] : [],
    ),
    wake(Approval, ({ spec, metadata }) => [{ name: spec.taskName, namespace: metadata.namespace }]),
    wake(TaskSet, (set, previous, view) =>
      set.spec.cancel && !previous?.spec.cancel ? keysOf(view.byIndex(Task, 'owner', uidOf(set))) : [],
    ),
    wake(Task, ({ metadata }, _previous, view) => keysOf(view.byIndex(Task, 'dependsOn', `${metadata.namespace}/${metadata.name}`))),
    wake(Node, (node, previous, view) =>
      reachabilityOf(node) === reachabilityOf(previous)
        ? []
        : activeOn(node.metadata.name, view).map(({ spec, metadata }) => ({ name: spec.owner.name, namespace: metadata.namespace })),
    ),
  ]),
  controller('taskset', TaskSet, reconcileTaskSet, [wake(Task, (task) => ownersOf(task, TaskSet.kind))]),
  controller('placement', Placement, reconcilePlacement, [
    wake(Task, (task, previous, view) => {
      const isNews = isDeleting(task) || previous === undefined || isFinalPhase(task.status?.phase);
      return isNews || task.status?.attempts !== previous.status?.attempts ? keysOf(view.byIndex(Placement, 'owner', uidOf(task))) : [];
    }),
    wake(Node, (node, previous, view) => (matters(node, previous) ? keysOf(activeOn(node.metadata.name, view)) : [])),
    wake(Lease, (lease, _previous, view) =>
      lease.metadata.namespace === nodesNamespace && isTaken(lease) ? keysOf(activeOn(lease.metadata.name, view)) : [],
    ),
  ]),
  controller('node', Node, reconcileNode, [
    wake(Lease, ({ metadata }) => (metadata.namespace === nodesNamespace ? [{ name: metadata.name }] : [])),
    wake(Placement, (placement, previous) => {
      const { nodeName } = placement.spec;
      const hasMoved = nodeName !== previous?.spec.nodeName || isOver(placement) !== (previous && isOver(previous));
      return nodeName !== undefined && hasMoved ? [{ name: nodeName }] : [];
    }),
  ]),
];
