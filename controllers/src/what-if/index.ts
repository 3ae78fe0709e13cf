/**
 * What would become of a change: the deciders, run on a copy of the cluster.
 * @module
 */
import type { ResourceRef } from '@river/runtime';
import { refOf } from '../reconciling/cluster.ts';
import { riverViews } from '../reconciling/river-controllers.ts';

export type { Edit } from './apply-edits.ts';
export { type About, type End, type Outcome, type Start, type Wait, whatIf } from './what-if.ts';

/** The kinds that have a bearing on what runs where: the copy needs all objects of them. */
export const decidingKinds: readonly ResourceRef[] = riverViews.map(({ kind }) => refOf(kind));
