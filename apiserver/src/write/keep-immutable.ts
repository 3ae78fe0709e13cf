import { ApiError, type Cause, type KubeObject, type ObjectMeta } from '@river/crds';
import { equalJson } from '../json/plain-json.ts';
import { asJson } from '../object/encode.ts';
import type { Target } from '../registry/served-kind.ts';
import { invalid } from '../schema/invalid.ts';
import type { Subresource } from './update-object.ts';

/** Puts back what the writer of this subresource may not change, and refuses an object that claims to be another. In place. */
export function keepImmutable(target: Target, subresource: Subresource, old: KubeObject, next: KubeObject): void {
  requireSameUid(target, old.metadata, next.metadata);
  keepServerFields(old.metadata, next.metadata);
  if (subresource === 'status' || subresource === 'approval') keepAllBut('status', old, next);
  else if (subresource === 'finalize') keepAllBut('spec', old, next);
  else if (target.version.info.hasStatus) keepField('status', old, next);
  if (target.kind.rules.hasFinalize && subresource !== 'finalize') keepField('spec', old, next);
}

function requireSameUid(target: Target, old: ObjectMeta, next: ObjectMeta): void {
  if (!next.uid || next.uid === old.uid) return;
  throw new ApiError(
    'Conflict',
    `Operation cannot be fulfilled on ${target.kind.plural} "${old.name}": Precondition failed: UID in precondition: ${next.uid}, UID in object meta: ${old.uid}`,
    { details: { name: old.name, group: target.kind.group, kind: target.kind.plural } },
  );
}

const serverFields = [
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'generateName',
] as const;

function keepServerFields(old: ObjectMeta, next: ObjectMeta): void {
  const kept = next as unknown as Record<string, unknown>;
  for (const field of serverFields) {
    if (old[field] === undefined) delete kept[field];
    else kept[field] = old[field];
  }
  next.name = old.name;
  if (old.namespace === undefined) delete next.namespace;
  else next.namespace = old.namespace;
}

function keepField(field: string, old: KubeObject, next: KubeObject): void {
  if (old[field] === undefined) delete next[field];
  else next[field] = old[field];
}

function keepAllBut(changed: string, old: KubeObject, next: KubeObject): void {
  for (const field of Object.keys(next)) if (field !== changed && field !== 'metadata') keepField(field, old, next);
  for (const field of Object.keys(old)) if (field !== changed && field !== 'metadata') keepField(field, old, next);
  next.metadata = { ...old.metadata, ...(next.metadata.managedFields && { managedFields: next.metadata.managedFields }) };
}

/** The generation counts changes of what is wanted: everything but metadata, and but status where status is apart. */
export function nextGeneration({ version }: Target, old: KubeObject, next: KubeObject): void {
  const wanted = ({ metadata: _, ...rest }: KubeObject) => {
    if (version.info.hasStatus) delete rest.status;
    return rest;
  };
  const isChanged = !equalJson(asJson(wanted(old) as KubeObject), asJson(wanted(next) as KubeObject));
  next.metadata.generation = (old.metadata.generation ?? 1) + (isChanged ? 1 : 0);
}

export function refuseNewFinalizers(target: Target, old: KubeObject, next: KubeObject): void {
  if (next.metadata.deletionTimestamp === undefined) return;
  const added = (next.metadata.finalizers ?? []).filter((finalizer) => !old.metadata.finalizers?.includes(finalizer));
  if (added.length === 0) return;
  const cause: Cause = {
    reason: 'FieldValueForbidden',
    message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
    field: 'metadata.finalizers',
  };
  throw invalid({ group: target.kind.group, kind: target.kind.kind }, old.metadata.name, [cause]);
}
