/**
 * What decides: pure reconcilers over a view of the cluster, and the manager that runs them.
 * @module
 */
export type { Change, Decision, Now, Reconciler, Step, View } from './decide/decision.ts';
export { leadLease } from './lead/lead-lease.ts';
export { type LeadOptions, takeLead } from './lead/take-lead.ts';
export { isTaken, leaseTaker, nodesNamespace } from './node/node-lease.ts';
export { lostAfterMs, nodeFinalizer, reconcileNode, silentAfterMs } from './node/reconcile-node.ts';
export { placementName } from './placement/placement-name.ts';
export { isMoveReason, isOver, ownerFinalizer, type StopReason, stopReasonAnnotation } from './placement/placement-state.ts';
export { reconcilePlacement } from './placement/reconcile-placement.ts';
export { type Cluster, type ClusterOptions, cluster, type Followed, followed } from './reconciling/cluster.ts';
export type { Counters } from './reconciling/counters.ts';
export { riverControllers, riverViews } from './reconciling/river-controllers.ts';
export { type Controller, type ControllerDeps, type Key, runController, type Wake } from './reconciling/run-controller.ts';
export { type Manager, type ManagerOptions, runManager } from './reconciling/run-manager.ts';
export * from './scheduler/index.ts';
export { reconcileTask } from './task/reconcile-task.ts';
export { specDigest } from './task/spec-digest.ts';
export { indexLabel, setLabel } from './task-set/members.ts';
export { reconcileTaskSet } from './task-set/reconcile-task-set.ts';
