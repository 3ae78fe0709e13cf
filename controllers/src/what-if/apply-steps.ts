import type { Json, KubeObject } from '@river/crds';
import type { Change, Step, View } from '../decide/decision.ts';
import { merge, type ObjectTable, parsed, type TableReads } from './object-table.ts';

export interface ApplyingSteps {
  table: ObjectTable;
  tell: (event: Step & { act: 'event' }) => void;
}

/** Does the changes in order, as against a server; false at the first whose precondition does not hold. At most so many. */
export function applySteps(deps: ApplyingSteps, changes: readonly Change[], most = Number.POSITIVE_INFINITY): boolean {
  // The revisions that the changes of this decision have made.
  const made = new Map<string, string>();
  const steps = changes.flatMap((change) => (change.act === 'together' ? change.changes : [change]));
  return steps.slice(0, most).every((step) => applyStep(deps, step, made));
}

function applyStep({ table, tell }: ApplyingSteps, change: Step, made: Map<string, string>): boolean {
  if (change.act === 'event') {
    tell(change);
    return true;
  }
  if (change.act === 'create') return table.create(parsed(change.object)) !== undefined;
  if (change.act === 'confirmGone') return table.find(change.kind.kind, change.name, change.namespace)?.metadata.uid !== change.uid;
  const { of } = change;
  const { uid = '', resourceVersion } = of.metadata;
  const expected = made.get(uid) ?? resourceVersion;
  const found = table.find(of.kind, of.metadata.name, of.metadata.namespace);
  if (found?.metadata.uid !== uid || found.metadata.resourceVersion !== expected) return false;
  if (change.act === 'delete') table.remove(found);
  if (change.act === 'delete' || change.act === 'confirm') return true;
  const kept = table.replace(of, expected, (now) => parsed(changed(now, change)));
  made.set(uid, kept?.metadata.resourceVersion ?? '');
  return kept !== undefined;
}

function changed(now: KubeObject, change: Step & { act: 'status' | 'patch' }): KubeObject {
  if (change.act === 'status') return { ...now, status: change.status };
  // What is merged into an object is one, as its parsing shows.
  const merged = merge(now as unknown as Json, change.body) as unknown as KubeObject;
  if ('spec' in change.body) merged.metadata.generation = (now.metadata.generation ?? 0) + 1;
  return merged;
}

/** What is in the table is of the kind by which it is asked for. */
export const viewOf = (readsOf: (kind: string) => TableReads): Omit<View, 'unbrokenSince'> => ({
  get: (kind, name, namespace) => readsOf(kind.kind).find(kind.kind, name, namespace) as never,
  byIndex: (kind, index, value) => readsOf(kind.kind).byIndex(kind.kind, index, value) as never[],
  seenAt: (object) => readsOf(object.kind).seenAt(object),
});
