/**
 * Who starts where: a pure function over a snapshot, and the loop that runs it against an API server.
 * @module
 */
export { evictedForAnnotation, evictionReasonAnnotation } from './binding-patch.ts';
export { gangAnnotation, gangSizeAnnotation } from './read-placement.ts';
export { type ClusterObjects, snapshotReader } from './read-snapshot.ts';
export { type PassReport, runScheduler, type SchedulerDeps, type SchedulerInformers } from './run-scheduler.ts';
export { defaultOptions, type SchedulingOptions, schedule } from './schedule.ts';
export type { Binding, Decision, Eviction, QueueView, Snapshot, Waiting } from './snapshot.ts';
