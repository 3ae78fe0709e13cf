import { ApiError, isObject, type JsonObject, type KubeObject, type ManagedFieldsEntry, type StructuralSchema } from '@river/crds';
import { equalJson } from '../json/plain-json.ts';
import { checkConfig } from './check-config.ts';
import { compare, type Delta } from './compare.ts';
import { type Conflict, conflictError } from './conflict.ts';
import { type FieldSet, intersection, minus, outside, union } from './field-set.ts';
import { fieldsLastApplied, syncLastApplied, upgradingManager } from './last-applied.ts';
import { isOwner, type Ownership, ownershipOf, sorted, storedOwnerships, type Writer } from './managed-fields.ts';
import { mergeShaped } from './merge-shaped.ts';
import { saidFields } from './owned-fields.ts';
import { inReach, type Reach, reaches } from './reach.ts';
import { removeFields, reshaped, withContainers } from './remove-fields.ts';
import { isServerMetadata, type Shape, shapeOf } from './shape.ts';
import { trackUpdate } from './track-update.ts';

export interface Configuration extends Reach {
  /** What stands now; undefined when the apply creates. */
  live: KubeObject | undefined;
  /** The body of the apply patch. */
  config: JsonObject;
  manager: string;
  force: boolean;
  /** The version of the request, as `group/version`. */
  apiVersion: string;
  schema: StructuralSchema;
  now: Date;
}

export interface Applied {
  /** Carries its managedFields. The very `live` that was passed in when the apply changes nothing at all. */
  object: KubeObject;
  managedFields: ManagedFieldsEntry[];
}

/**
 * Server-side apply: lays what the manager says over what stands, removes what it said last time and no longer says (unless someone else
 * owns it), and records that it owns exactly what it says.
 * @throws ApiError `Conflict` when it would change what others own and does not force; `BadRequest` or `Invalid` for a bad request.
 */
export function applyConfiguration(request: Configuration): Applied {
  const { live, manager, now } = request;
  checkRequest(request);
  const shape = shapeOf(request.schema);
  checkConfig(shape, request.config);
  const config = reachable(request);
  const writer: Writer = { manager, operation: 'Apply', apiVersion: request.apiVersion, subresource: request.subresource };
  const entries = ownersBefore(request).map((entry) => ({ ...entry, fieldsV1: reshaped(shape, entry.fieldsV1) }));
  const mine = entries.find((entry) => isOwner(entry, writer));
  const others = entries.filter((entry) => entry !== mine);
  const fields = saidFields(shape, config);
  const before = (live ?? {}) as JsonObject; // a KubeObject is JSON whose metadata has been checked
  const merged = mergeShaped(shape, before, config) as JsonObject; // an object over an object is an object
  const pruned = prune(shape, merged, mine?.fieldsV1, [fields, ...others.map((entry) => entry.fieldsV1)]);
  const delta = deltaOf(shape, before, pruned, request);
  if (!request.force) refuseConflicts(shape, before, conflictsOf(others, delta.changed), manager);
  const owners = others.flatMap((entry) => without(entry, delta));
  const object = manager === upgradingManager ? syncLastApplied(pruned, request.config) : pruned;
  const isSame = live !== undefined && equalJson(before, object);
  if (fields) owners.push(isSame && isUnchanged(mine, writer, fields) ? (mine as Ownership) : ownershipOf(writer, now, fields)); // an unchanged entry is there
  return result(live, isSame, object, sorted(owners));
}

function checkRequest({ manager, config, apiVersion }: Configuration): void {
  if (manager === '') {
    const cause = { reason: 'FieldValueRequired' as const, message: 'Required value: is required for apply patch', field: 'fieldManager' };
    const message = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch';
    throw new ApiError('Invalid', message, { details: { group: 'meta.k8s.io', kind: 'PatchOptions', causes: [cause] } });
  }
  if (config.apiVersion !== apiVersion) {
    const said = config.apiVersion;
    throw new ApiError(
      'BadRequest',
      `Incorrect version specified in apply patch. Specified patch version: ${said}, expected: ${apiVersion}`,
    );
  }
  const metadata = config.metadata;
  if (isObject(metadata) && (metadata.managedFields ?? null) !== null) {
    throw new ApiError('BadRequest', 'metadata.managedFields must be nil');
  }
}

/** What of the configuration this request can write. Clients send server-set metadata as null: that says nothing. */
function reachable({ config, ...reach }: Configuration): JsonObject {
  const metadata = isObject(config.metadata) ? config.metadata : {};
  const isPrecondition = (name: string) => name === 'uid' || name === 'resourceVersion';
  const kept = Object.entries(metadata).filter(([name, value]) =>
    isServerMetadata(name) ? value !== null && name !== 'managedFields' : true,
  );
  const said = reaches(reach, 'metadata') ? kept : kept.filter(([name]) => isPrecondition(name) || name === 'name' || name === 'namespace');
  const fields = Object.entries(config).filter(([name]) => name === 'apiVersion' || name === 'kind' || reaches(reach, name));
  return Object.fromEntries([...fields, ['metadata', Object.fromEntries(said)]]);
}

/** An object that nobody has tracked so far belongs to `before-first-apply`: an apply must not take it over unseen. */
function ownersBefore(request: Configuration): Ownership[] {
  const { live } = request;
  const entries = storedOwnerships(live?.metadata.managedFields);
  if (!live || entries.length > 0) return entries;
  return storedOwnerships(trackUpdate({ ...request, live: undefined, updated: live, manager: 'before-first-apply' }));
}

/** What the manager said last time goes, with all that is in it, unless it or someone else says it now. */
function prune(shape: Shape, merged: JsonObject, last: FieldSet | undefined, owned: (FieldSet | undefined)[]): JsonObject {
  if (!last) return merged;
  const said = withContainers(shape, last);
  const kept = owned.reduce(union, undefined);
  const gone = minus(said, kept && withContainers(shape, kept));
  if (!gone) return merged;
  // What others own inside an item that goes, goes too, and then keeps no container of that item.
  const left = outside(kept, gone);
  const all = left === kept ? gone : (minus(said, left && withContainers(shape, left)) ?? gone);
  return removeFields(shape, merged, all) as JsonObject; // the root itself is never in a set
}

function deltaOf(shape: Shape, before: JsonObject, after: JsonObject, reach: Reach): Delta {
  const delta = compare(shape, before, after);
  return { changed: inReach(reach, delta?.changed), removed: inReach(reach, delta?.removed) };
}

const conflictsOf = (others: Ownership[], changed: FieldSet | undefined): Conflict[] =>
  others.flatMap((owner) => {
    const fields = intersection(owner.fieldsV1, changed);
    return fields ? [{ owner, fields }] : [];
  });

function refuseConflicts(shape: Shape, live: JsonObject, conflicts: Conflict[], manager: string): void {
  if (conflicts.length === 0) return;
  const allowed = manager === upgradingManager ? fieldsLastApplied(shape, live) : undefined;
  const left = conflicts.flatMap(({ owner, fields }) => {
    const refused = minus(fields, allowed);
    return refused ? [{ owner, fields: refused }] : [];
  });
  if (left.length > 0) throw conflictError(left);
}

function without(entry: Ownership, { changed, removed }: Delta): Ownership[] {
  const fieldsV1 = minus(minus(entry.fieldsV1, changed), removed);
  return fieldsV1 ? [{ ...entry, fieldsV1 }] : [];
}

const isUnchanged = (mine: Ownership | undefined, writer: Writer, fields: FieldSet): boolean =>
  mine !== undefined && mine.apiVersion === writer.apiVersion && equalJson(mine.fieldsV1, fields);

function result(live: KubeObject | undefined, isSame: boolean, object: JsonObject, managedFields: ManagedFieldsEntry[]): Applied {
  const entries = managedFields as JsonObject[] & ManagedFieldsEntry[]; // the same entries, seen as JSON
  if (live && isSame && equalJson((live.metadata.managedFields ?? []) as JsonObject[], entries)) return { object: live, managedFields };
  const metadata = object.metadata as JsonObject; // every configuration that got here has one
  return { object: { ...object, metadata: { ...metadata, managedFields: entries } } as unknown as KubeObject, managedFields };
}
