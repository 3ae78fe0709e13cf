import { linesIn } from '@river/runtime';

/** A request as two lines of the log tell of it, or one. */
export interface Entry {
  seq: number;
  time: string;
  event: string;
  [member: string]: unknown;
}

export interface Wanted {
  user?: string | undefined;
  verb?: string | undefined;
  resource?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  code?: RegExp | undefined;
  decision?: string | undefined;
}

/** More requests than a server has under way at once. */
const mostOpen = 25_000;

/**
 * The requests that are wanted, in the order in which they were over. What was received and never answered comes when the log is at its end,
 * or when too many others are open: nobody knows what became of it.
 */
export function* searchLines(files: readonly string[], wanted: Wanted): Generator<Entry> {
  const open = new Map<unknown, Entry>();
  for (const file of files) {
    for (const { bytes, isWhole } of linesIn(file)) {
      const entry = isWhole ? parse(bytes) : undefined;
      if (entry?.event !== 'request') continue;
      if (entry.stage === 'received') {
        if (mayMatch(entry, wanted)) open.set(entry.id, entry);
        const [oldest] = open.size > mostOpen ? open : [];
        if (!oldest) continue;
        open.delete(oldest[0]);
        if (isWanted(oldest[1], wanted)) yield oldest[1];
        continue;
      }
      const received = entry.stage === 'answered' ? open.get(entry.id) : entry;
      open.delete(entry.id);
      const whole = received && joined(received, entry);
      if (whole && isWanted(whole, wanted)) yield whole;
    }
  }
  for (const entry of open.values()) if (isWanted(entry, wanted)) yield entry;
}

/** A line that is none is for `verify` to tell of. */
function parse(bytes: Buffer): Entry | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null && 'seq' in value ? (value as Entry) : undefined; // members are looked at one by one
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const joined = (received: Entry, { code, reason, latencyMs, object }: Entry): Entry => ({
  ...received,
  stage: 'answered',
  ...Object.fromEntries(Object.entries({ code, reason, latencyMs, object }).filter(([, value]) => value !== undefined)),
});

export const memberOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? value[key as keyof typeof value] : undefined;

/** What its first line already tells. */
function mayMatch(entry: Entry, { user, verb, resource, namespace, decision, sinceMs, untilMs }: Wanted): boolean {
  const { group, resource: plural, subresource } = entry;
  const names = [plural, `${plural}.${group}`, `${plural}/${subresource}`, `${plural}.${group}/${subresource}`];
  const isOf = user === undefined || memberOf(entry.user, 'name') === user || memberOf(entry.impersonator, 'name') === user;
  const timeMs = sinceMs === undefined && untilMs === undefined ? 0 : Date.parse(entry.time);
  return (
    isOf &&
    (verb === undefined || entry.verb === verb) &&
    (resource === undefined || names.includes(resource)) &&
    (namespace === undefined || entry.namespace === namespace) &&
    (decision === undefined || entry.decision === decision) &&
    (sinceMs === undefined || timeMs >= sinceMs) &&
    (untilMs === undefined || timeMs < untilMs)
  );
}

export const nameOf = (entry: Entry): unknown =>
  entry.name ?? memberOf(entry.object, 'name') ?? memberOf(memberOf(entry.body, 'metadata'), 'name');

function isWanted(entry: Entry, wanted: Wanted): boolean {
  if (!mayMatch(entry, wanted)) return false;
  if (wanted.name !== undefined && nameOf(entry) !== wanted.name) return false;
  return wanted.code === undefined || wanted.code.test(String(entry.code ?? ''));
}
