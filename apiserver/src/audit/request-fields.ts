import { hash } from 'node:crypto';
import type { Attributes } from '../authorization/attributes.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Requester } from '../write/write-context.ts';
import { mayHide, redact } from './redact.ts';

/** What lines say of a request, as JSON members. Everything that a client chooses has a bound. */

const longest = { name: 300, agent: 200, path: 1_000, parameter: 200, reason: 500 };
const mostGroups = 50;
const mostBody = 16 * 1024;
const keptOfLarge = 8 * 1024;

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);

const members = (value: object): string => JSON.stringify(value).slice(1, -1);

/** Who somebody is and how that is known; never by what. */
function person({ username, uid, groups, extra, how }: Requester) {
  const credential = extra['authentication.kubernetes.io/credential-id']?.[0];
  return {
    name: cut(username, longest.name),
    ...(uid && { uid: cut(uid, longest.name) }),
    groups: groups.slice(0, mostGroups).map((group) => cut(group, longest.name)),
    ...(how && { how }),
    ...(credential && { credential: cut(credential, longest.name) }),
  };
}

/** Query parameters that say what is done. Others are left out: people put into addresses what must not be kept. */
const parameters = [
  ...['dryRun', 'fieldManager', 'fieldValidation', 'fieldSelector', 'force', 'gracePeriodSeconds', 'labelSelector', 'limit'],
  ...['orphanDependents', 'propagationPolicy', 'resourceVersion', 'resourceVersionMatch', 'timeoutSeconds', 'watch'],
];

function address(pathname: string, query: URLSearchParams): string {
  if (query.size === 0) return cut(pathname, longest.path);
  const kept = new URLSearchParams();
  for (const name of parameters) for (const value of query.getAll(name).slice(0, 3)) kept.append(name, cut(value, longest.parameter));
  return cut(pathname, longest.path) + (kept.size > 0 ? `?${kept}` : '');
}

/** A request as far as it is known: who is behind it may not be. */
export type Asked = Pick<Exchange, 'request' | 'pathname' | 'query'> & { requester?: Requester | undefined };

/** The texts about people who ask again and again. */
const persons = new WeakMap<Requester, string>();

function personText(requester: Requester): string {
  const known = persons.get(requester);
  if (known !== undefined) return known;
  const text = JSON.stringify(person(requester));
  persons.set(requester, text);
  return text;
}

/** A member and the comma after it; nothing when there is no text. */
const member = (name: string, text: string | undefined, most = longest.name): string =>
  text ? `"${name}":${JSON.stringify(cut(text, most))},` : '';

/** Who, from where, and what. */
export function requestFields({ request, pathname, query, requester }: Asked, wanted: Attributes | undefined, version: string): string {
  const behind = requester?.impersonator;
  const isDryRun = query.size > 0 && query.getAll('dryRun').includes('All');
  return (
    (requester ? `"user":${personText(requester)},` : '') +
    (behind ? `"impersonator":${personText(behind)},` : '') +
    member('frontDoor', requester?.via) +
    `"from":${whence(request, requester)},` +
    (wanted ? wish(wanted, version) : '') +
    `"path":${JSON.stringify(address(pathname, query))}` +
    (isDryRun ? ',"dryRun":true' : '')
  );
}

function whence({ socket, headers }: Asked['request'], requester: Requester | undefined): string {
  // Only a front door is believed about it.
  const forwarded = requester?.via && headers['x-forwarded-for'];
  const more =
    member('agent', headers['user-agent'], longest.agent) + (forwarded ? member('forwardedFor', String(forwarded), longest.agent) : '');
  return `{${more}"address":${JSON.stringify(socket.remoteAddress ?? '')}}`;
}

function wish(wanted: Attributes, version: string): string {
  if ('path' in wanted) return member('verb', wanted.verb);
  return (
    member('verb', wanted.verb) +
    member('group', wanted.group) +
    member('version', version) +
    member('resource', wanted.resource) +
    member('subresource', wanted.subresource) +
    member('namespace', wanted.namespace) +
    member('name', wanted.name)
  );
}

/** A body from its JSON text, without what is secret. Of a large one the beginning, and the SHA-256 of the whole text that it is the beginning of. */
export function bodyFields(sent: string, isSecret: boolean): string {
  const isPlain = !isSecret && !sent.includes('\n') && !mayHide(sent);
  const text = isPlain ? sent : JSON.stringify(redact(JSON.parse(sent), isSecret));
  if (text.length <= mostBody) return `,"body":${text}`;
  return `,${members({ bodyCut: text.slice(0, keptOfLarge), bodyLength: text.length, bodySha256: hash('sha256', text) })}`;
}

/** What became of it. */
export function outcomeFields(code: number, reason: string, latencyMs: number): string {
  const ms = Math.round(latencyMs * 1000) / 1000;
  return `"code":${code}${reason === '' ? '' : `,"reason":${JSON.stringify(cut(reason, longest.reason))}`},"latencyMs":${ms}`;
}
