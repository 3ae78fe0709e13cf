import { type Cause, isObject, type JsonObject, type KubeObject } from '@river/crds';

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

/** The ConfigMap that tells which certificates are worth nothing any more. */
export const revokedCertificates = { namespace: 'river-system', name: 'revoked-certificates' };

/** What a list says; none revokes nothing. */
export function revocationsIn(list: KubeObject | undefined): Revocations {
  const entries = list ? entriesOf(list).flatMap(({ entry }) => entry ?? []) : [];
  const serials = new Set(entries.flatMap((entry) => ('serial' in entry ? [entry.serial] : [])));
  const users = new Map<string, number>();
  for (const entry of entries) if ('user' in entry) users.set(entry.user, Math.max(entry.beforeMs, users.get(entry.user) ?? 0));
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
