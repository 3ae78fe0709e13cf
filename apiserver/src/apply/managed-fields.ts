import type { Json, JsonObject, ManagedFieldsEntry } from '@river/crds';
import { type FieldSet, parseFieldSet, union } from './field-set.ts';

/** One owner's share: the wire's entry, with everything that an entry must have. */
export interface Ownership extends ManagedFieldsEntry {
  operation: 'Apply' | 'Update';
  apiVersion: string;
  fieldsType: 'FieldsV1';
  fieldsV1: FieldSet;
}

export interface Writer {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: '' | 'status' | 'scale' | 'approval';
}

const maxUpdateManagers = 10;

/** What is stored was checked when it was written. */
export const storedOwnerships = (entries: readonly ManagedFieldsEntry[] | undefined): Ownership[] => (entries ?? []) as Ownership[];

/** Two Applies of one manager are the same owner at any version; its Updates are an owner for each version. */
export const isOwner = (entry: Ownership, writer: Writer): boolean =>
  (entry.manager ?? '') === writer.manager &&
  entry.operation === writer.operation &&
  (entry.subresource ?? '') === writer.subresource &&
  (writer.operation === 'Apply' || entry.apiVersion === writer.apiVersion);

export function ownershipOf(writer: Writer, now: Date, fieldsV1: FieldSet): Ownership {
  const { manager, operation, apiVersion, subresource } = writer;
  const entry: Ownership = { manager, operation, apiVersion, time: timeOf(now), fieldsType: 'FieldsV1', fieldsV1 };
  if (subresource !== '') entry.subresource = subresource;
  return entry;
}

export const timeOf = (now: Date): string => `${now.toISOString().slice(0, 19)}Z`;

/** The entries that a client wrote by hand; undefined when they are none, or not valid: then they are as if never sent. */
export function parseOwnerships(entries: readonly ManagedFieldsEntry[] | undefined): Ownership[] | undefined {
  if (!Array.isArray(entries) || entries.length === 0) return undefined;
  try {
    const parsed = entries.map(parseOwnership);
    const owners = new Map(parsed.map((entry) => [JSON.stringify(writerOf(entry)), entry]));
    return [...owners.values()].filter((entry) => Object.keys(entry.fieldsV1).length > 0);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function writerOf({ manager = '', operation, apiVersion, subresource = '' }: Ownership): string[] {
  return [manager, operation, operation === 'Apply' ? '' : apiVersion, subresource];
}

function parseOwnership(entry: ManagedFieldsEntry): Ownership {
  const { manager, operation, apiVersion, time, fieldsType, fieldsV1, subresource }: JsonObject = { ...(entry as JsonObject) };
  if (operation !== 'Apply' && operation !== 'Update') throw new SyntaxError('operation must be `Apply` or `Update`');
  if (typeof apiVersion !== 'string' || apiVersion === '') throw new SyntaxError('apiVersion must not be empty');
  if (fieldsType !== 'FieldsV1') throw new SyntaxError('fieldsType must be FieldsV1');
  const owner = optionalString(manager);
  const at = optionalTime(time);
  const through = optionalString(subresource);
  return {
    ...(owner !== undefined && { manager: owner }),
    operation,
    apiVersion,
    ...(at !== undefined && { time: at }),
    fieldsType,
    fieldsV1: parseFieldSet(fieldsV1 ?? {}) ?? {},
    ...(through !== undefined && { subresource: through }),
  };
}

function optionalString(value: Json | undefined): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new SyntaxError('a name must be a string');
  return value;
}

function optionalTime(value: Json | undefined): string | undefined {
  const text = optionalString(value);
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d\d-\d\d[Tt]/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new SyntaxError('time must be RFC 3339');
  return timeOf(new Date(time));
}

/** In the order in which Kubernetes lists them: by operation, time and name. */
export function sorted(entries: Ownership[]): Ownership[] {
  return entries.length < 2 ? entries : entries.toSorted(byOperationAndTime);
}

const order = (a: string | undefined, b: string | undefined): number => ((a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0);

const byOperationAndTime = (a: Ownership, b: Ownership): number =>
  order(a.operation, b.operation) ||
  order(a.time, b.time) ||
  order(a.manager, b.manager) ||
  order(a.apiVersion, b.apiVersion) ||
  order(a.subresource, b.subresource);

/**
 * Merges the oldest Updates of each version into one `ancient-changes` until no more than {@link maxUpdateManagers} are left,
 * so that a stream of ever new manager names cannot make an object grow without bound.
 */
export function capped(entries: Ownership[]): Ownership[] {
  if (entries.length <= maxUpdateManagers) return entries;
  const updates = entries.filter((entry) => entry.operation === 'Update').sort(byOperationAndTime);
  if (updates.length <= maxUpdateManagers) return entries;
  const kept = new Set(entries);
  const oldest = new Map<string, Ownership>();
  let left = updates.length;
  for (const entry of updates) {
    if (left <= maxUpdateManagers) break;
    const bucket = oldest.get(entry.apiVersion);
    if (bucket) {
      kept.delete(bucket);
      kept.delete(entry);
      const merged = ancient(bucket, entry);
      oldest.set(entry.apiVersion, merged);
      kept.add(merged);
      left--;
    } else oldest.set(entry.apiVersion, entry);
  }
  return [...kept];
}

const ancient = (older: Ownership, newer: Ownership): Ownership => ({
  manager: 'ancient-changes',
  operation: 'Update',
  apiVersion: newer.apiVersion,
  ...(newer.time !== undefined && { time: newer.time }),
  fieldsType: 'FieldsV1',
  fieldsV1: union(older.fieldsV1, newer.fieldsV1) ?? {},
});
