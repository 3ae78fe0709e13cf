import { type Cause, isObject, type JsonObject, type KubeObject } from '@river/crds';
import type { Feed } from '../cache/feed.ts';
import { decodeObject } from '../object/encode.ts';
import { resourcePrefix } from '../object/object-key.ts';

/** What is looked at of a certificate. */
export interface ShownCertificate {
  serial: string;
  username: string;
  validFromMs: number;
}

export interface Revocations {
  isRevoked(certificate: ShownCertificate): boolean;
  /** Certificates of this user that begin before it are void; minus infinity: none is. */
  voidBeforeMs(username: string): number;
}

/** One line of the list. It may go when what it revokes has expired. */
type Entry = { serial: string; untilMs: number } | { user: string; beforeMs: number; untilMs: number };

export const revokedCertificates = { namespace: 'river-system', name: 'revoked-certificates' };
const mapsPrefix = resourcePrefix('', 'configmaps');
const key = `${mapsPrefix}${revokedCertificates.namespace}/${revokedCertificates.name}`;

/** Follows the list in the cache. A look-up is one of a Map, however long it is. */
export function revocations(feed: Feed): Revocations {
  const cache = feed.cacheOf(mapsPrefix);
  let serials: ReadonlySet<string> = new Set();
  let users: ReadonlyMap<string, number> = new Map();
  const reload = () => {
    const object = cache.get(key);
    const entries = object ? entriesOf(decodeObject(object.bytes)).flatMap(({ entry }) => entry ?? []) : [];
    serials = new Set(entries.flatMap((entry) => ('serial' in entry ? [entry.serial] : [])));
    const newest = new Map<string, number>();
    for (const entry of entries) if ('user' in entry) newest.set(entry.user, Math.max(entry.beforeMs, newest.get(entry.user) ?? 0));
    users = newest;
  };
  reload();
  cache.listen((events) => {
    if (events.some(({ object }) => object.key === key)) reload();
  });
  feed.onReset(reload);
  return {
    isRevoked: ({ serial, username, validFromMs }) => serials.has(plainSerial(serial)) || validFromMs < (users.get(username) ?? -Infinity),
    voidBeforeMs: (username) => users.get(username) ?? -Infinity,
  };
}

const plainSerial = (text: string): string => text.toLowerCase().replace(/^0+(?=.)/, '');

/** Keys of entries whose time is over. */
export const overdueEntries = (list: KubeObject, nowMs: number): string[] =>
  entriesOf(list).flatMap(({ name, entry }) => (entry && entry.untilMs < nowMs ? [name] : []));

/** An entry that nobody understands would revoke nothing: it is refused when it is written. */
export function checkRevocations(list: KubeObject): Cause[] {
  return entriesOf(list).flatMap(({ name, entry }): Cause[] => {
    if (entry) return [];
    const message = 'Invalid value: write serial.HEX with {"until": TIME}, or another name with {"user", "before": TIME, "until": TIME}';
    return [{ reason: 'FieldValueInvalid', message, field: `data[${name}]` }];
  });
}

export const isRevocationList = ({ metadata }: KubeObject): boolean =>
  metadata.namespace === revokedCertificates.namespace && metadata.name === revokedCertificates.name;

function entriesOf({ data }: KubeObject): { name: string; entry: Entry | undefined }[] {
  return Object.entries(isObject(data) ? data : {}).map(([name, value]) => ({ name, entry: readEntry(name, jsonOf(value)) }));
}

function readEntry(name: string, { user, before, until }: JsonObject): Entry | undefined {
  const untilMs = timeOf(until);
  if (untilMs === undefined) return undefined;
  const [, serial] = /^serial\.([0-9a-fA-F]{1,64})$/.exec(name) ?? [];
  if (serial !== undefined) return { serial: plainSerial(serial), untilMs };
  const beforeMs = timeOf(before);
  return typeof user === 'string' && user !== '' && beforeMs !== undefined ? { user, beforeMs, untilMs } : undefined;
}

function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function jsonOf(value: unknown): JsonObject {
  try {
    const parsed: unknown = JSON.parse(String(value));
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}
