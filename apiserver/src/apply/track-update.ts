import type { JsonObject, KubeObject, ManagedFieldsEntry, StructuralSchema } from '@river/crds';
import { compare, type Delta } from './compare.ts';
import { minus, union } from './field-set.ts';
import {
  capped,
  isOwner,
  type Ownership,
  ownershipOf,
  parseOwnerships,
  sorted,
  storedOwnerships,
  timeOf,
  type Writer,
} from './managed-fields.ts';
import { everyField } from './owned-fields.ts';
import { inReach, type Reach } from './reach.ts';
import { reshaped } from './remove-fields.ts';
import { type Shape, shapeOf } from './shape.ts';

export interface TrackedUpdate extends Reach {
  /** What stood before; undefined for a create. */
  live: KubeObject | undefined;
  /** What is about to be stored, with the `managedFields` that the client sent, if it sent any. */
  updated: KubeObject;
  manager: string;
  /** The version that the client wrote in, as `group/version`. */
  apiVersion: string;
  schema: StructuralSchema;
  now: Date;
}

/**
 * Who owns what after a create, an update or a patch that is not an apply: the writer gets what it changed or added, everybody loses what
 * changed or went, all else stays. A client may hand in entries of its own; exactly `[{}]` forgets all owners, and an object without
 * owners gets none by updates.
 */
export function trackUpdate(update: TrackedUpdate): ManagedFieldsEntry[] {
  const { live, schema, now } = update;
  const entries = entriesBefore(update);
  if (live && entries.length === 0) return [];
  const shape = shapeOf(schema);
  const delta = deltaOf(shape, update);
  const writer: Writer = { manager: update.manager, operation: 'Update', apiVersion: update.apiVersion, subresource: update.subresource };
  if (!delta) return sorted(capped(entries));
  return sorted(capped(passOn(shape, entries, delta, writer, now)));
}

function deltaOf(shape: Shape, { live, updated, ...reach }: TrackedUpdate): Delta | undefined {
  const json = updated as JsonObject; // a KubeObject is JSON whose metadata has been checked
  const delta = live ? compare(shape, live as JsonObject, json) : { changed: everyField(shape, json), removed: undefined };
  return delta && { changed: inReach(reach, delta.changed), removed: inReach(reach, delta.removed) };
}

function entriesBefore({ live, updated, subresource }: TrackedUpdate): Ownership[] {
  const stored = storedOwnerships(live?.metadata.managedFields);
  const sent = updated.metadata.managedFields;
  if (subresource !== '' || sent === undefined || sent === live?.metadata.managedFields) return stored;
  if (isReset(sent)) return [];
  return parseOwnerships(sent) ?? stored;
}

const isReset = (sent: ManagedFieldsEntry[]): boolean =>
  Array.isArray(sent) && sent.length === 1 && typeof sent[0] === 'object' && sent[0] !== null && Object.keys(sent[0]).length === 0;

function passOn(shape: Shape, entries: Ownership[], { changed, removed }: Delta, writer: Writer, now: Date): Ownership[] {
  const next: Ownership[] = [];
  let isNew = changed !== undefined;
  for (const entry of entries) {
    const isMine = changed !== undefined && isOwner(entry, writer);
    if (isMine) isNew = false;
    const fields = minus(reshaped(shape, entry.fieldsV1), removed);
    const fieldsV1 = isMine ? union(fields, changed) : minus(fields, changed);
    if (!fieldsV1) continue;
    if (isMine) next.push({ ...entry, time: timeOf(now), fieldsV1 });
    else next.push(fieldsV1 === entry.fieldsV1 ? entry : { ...entry, fieldsV1 });
  }
  if (isNew && changed) next.push(ownershipOf(writer, now, changed));
  return next;
}
