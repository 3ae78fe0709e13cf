import { hash } from 'node:crypto';
import type { Json } from '@river/crds';
import type { Attributes } from '../authorization/attributes.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Requester } from '../write/write-context.ts';
import { redact } from './redact.ts';

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
  const kept = new URLSearchParams();
  if (query.size > 0)
    for (const name of parameters) for (const value of query.getAll(name).slice(0, 3)) kept.append(name, cut(value, longest.parameter));
  return cut(pathname, longest.path) + (kept.size > 0 ? `?${kept}` : '');
}

/** A request as far as it is known: who is behind it may not be. */
export type Asked = Pick<Exchange, 'request' | 'pathname' | 'query'> & { requester?: Requester | undefined };

/** Who, from where, and what. */
export function requestFields({ request, pathname, query, requester }: Asked, wanted: Attributes | undefined, version: string): string {
  const { 'user-agent': agent, 'x-forwarded-for': forwarded } = request.headers;
  const behind = requester?.impersonator;
  return members({
    ...(requester && { user: person(requester) }),
    ...(behind && { impersonator: person(behind) }),
    ...(requester?.via && { frontDoor: requester.via }),
    from: {
      address: request.socket.remoteAddress ?? '',
      ...(agent && { agent: cut(agent, longest.agent) }),
      // Only a front door is believed about it.
      ...(requester?.via && forwarded && { forwardedFor: cut(String(forwarded), longest.agent) }),
    },
    ...(wanted && asked(wanted, version)),
    path: address(pathname, query),
    ...(query.getAll('dryRun').includes('All') && { dryRun: true }),
  });
}

function asked(wanted: Attributes, version: string) {
  if ('path' in wanted) return { verb: wanted.verb };
  const { verb, group, resource, subresource, namespace, name } = wanted;
  return {
    verb,
    ...(group && { group: cut(group, longest.name) }),
    version: cut(version, longest.name),
    resource: cut(resource, longest.name),
    ...(subresource && { subresource: cut(subresource, longest.name) }),
    ...(namespace && { namespace: cut(namespace, longest.name) }),
    ...(name && { name: cut(name, longest.name) }),
  };
}

/** The body, without what is secret. Of a large one the beginning, and the SHA-256 of the whole text that it is the beginning of. */
export function bodyFields(body: Json, isSecret: boolean): string {
  const text = JSON.stringify(redact(body, isSecret));
  if (text.length <= mostBody) return `,"body":${text}`;
  return `,${members({ bodyCut: text.slice(0, keptOfLarge), bodyLength: text.length, bodySha256: hash('sha256', text) })}`;
}

/** What became of it. */
export function outcomeFields(code: number, reason: string, latencyMs: number): string {
  const ms = Math.round(latencyMs * 1000) / 1000;
  return `"code":${code}${reason === '' ? '' : `,"reason":${JSON.stringify(cut(reason, longest.reason))}`},"latencyMs":${ms}`;
}
