/**
 * What a machine does with the Placements that are bound to it: the deciding parts, which the simulator runs too.
 * @module
 */

export { type CatchingUp, catchUp } from './agent/catch-up.ts';
export { type EndingFenced, endFenced } from './agent/end-fenced.ts';
export { type KeepingLease, keepLease } from './agent/keep-lease.ts';
export { type KeepingNode, keepNode } from './agent/keep-node.ts';
export { byUid, type KeepingDeps, keepPlacements } from './agent/keep-placements.ts';
export { type KillingForeign, killForeign } from './agent/kill-foreign.ts';
export { type NodeLeaseDeps, nodeLease } from './agent/node-lease.ts';
export type { NodeFacts } from './agent/node-status.ts';
export { placementsRef, resourcesOf } from './agent/resources.ts';
export { type Driver, DriverError } from './driver/driver.ts';
export { type FakeDriverOptions, type FakeProgram, fakeDriver } from './driver/fake/fake-driver.ts';
export type { WorkOrder } from './driver/work-order.ts';
export { type Fence, fence, fenceMs } from './guard/fence.ts';
export { formatCpuList, InventoryError, parseCpuList } from './inventory/cpu-list.ts';
export { type Looking, type Machine, type NumaNode, observeMachine } from './inventory/observe-machine.ts';
export type { Gpu } from './inventory/read-gpus.ts';
export { type ReadTree, readTree } from './inventory/read-tree.ts';
export { type Journal, journalIn, type RecordFolder } from './journal/journal.ts';
export { makeOrder } from './order/make-order.ts';
export { workOf } from './order/work-of.ts';
export { type KeptOutput, keptOutput } from './output/keep-output.ts';
export type { OutputLine, OutputQuery } from './output/output-line.ts';
export { admissionOf, type Observed, plan, planOne } from './plan/plan.ts';
export type { Action, Admission, Container, Exit, Limits, Outcome, Work } from './plan/work.ts';
export { statusOf, type Trouble } from './report/status-of.ts';
