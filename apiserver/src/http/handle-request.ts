import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, type Status } from '@river/crds';
import type { Clock, InFlight, Logger } from '@river/runtime';
import type { Audit } from '../audit/audit.ts';
import { type Authenticate, bearerToken } from '../authentication/authenticate.ts';
import type { Attributes } from '../authorization/attributes.ts';
import { authorize } from '../authorization/authorize.ts';
import type { Rights } from '../authorization/rights.ts';
import { reachNow } from '../read/read-at.ts';
import { storeFailure } from '../write/commit.ts';
import type { Requester } from '../write/write-context.ts';
import { attributesOf } from './attributes-of.ts';
import { type Exchange, sendFailure, statusOf } from './exchange.ts';
import { handleResource } from './handle-resource.ts';
import { impersonate } from './impersonate.ts';
import type { ServerMetrics } from './metrics.ts';
import { flag } from './query.ts';
import type { ResourceDeps } from './resource-context.ts';
import { parseRoute, type ResourceRoute, type Route } from './route.ts';

export interface RequestDeps {
  resources: ResourceDeps;
  documents: (exchange: Exchange, path: string[]) => Promise<void>;
  /** Answers `GET /backup`. */
  backup: (exchange: Exchange) => Promise<void>;
  /** Answers `GET /secret-keys`. */
  keyReport: (exchange: Exchange) => Promise<void>;
  authenticate: Authenticate;
  requests: InFlight;
  watches: InFlight;
  metrics: ServerMetrics;
  /** Left out: nothing is recorded. */
  audit: Audit | undefined;
  log: Logger;
  clock: Clock;
  /** How long the answer to anything but a watch or a backup may take, its reader's part included. */
  responseMs: number;
}

/** What may be asked without saying who one is: whether the server is alive, and by which authority it is known. */
const open = new Set(['/healthz', '/livez', '/readyz', '/ca.crt']);

const nobody = { username: 'system:anonymous', uid: '', groups: ['system:unauthenticated'], extra: {} };

export async function handleRequest(deps: RequestDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const startedMs = deps.clock.monotonicMs();
  const seen: Seen = { verb: request.method ?? '', resource: '', startedMs };
  response.on('error', () => response.destroy());
  try {
    await serve(deps, request, response, seen);
  } catch (error) {
    const status = statusOf(storeFailure(error, false));
    sendFailure({ request, response }, status);
    tellOfFailure(deps, request, seen, status);
    // Without the query: people put there what must not be kept.
    if (status.reason === 'InternalError' && !isGone(error))
      deps.log.error('a request failed', { method: request.method, path: request.url?.split('?', 1)[0]?.slice(0, 300), error });
  }
  if (!request.complete) request.resume();
  deps.metrics.observe(seen.verb, seen.resource, response.statusCode, deps.clock.monotonicMs() - startedMs);
  seen.exchange?.trail?.answered(response.statusCode);
}

/** What has become known of a request by the time that it ends, or fails. */
interface Seen {
  verb: string;
  resource: string;
  startedMs: number;
  /** Who it is from, before anybody is impersonated. */
  shown?: Requester;
  exchange?: Exchange;
}

function tellOfFailure({ audit, clock }: RequestDeps, request: IncomingMessage, seen: Seen, status: Status): void {
  const { exchange, shown, startedMs } = seen;
  exchange?.trail?.answered(status.code, status.reason);
  if (!audit || exchange?.trail || (status.code !== 401 && status.code !== 403)) return;
  const { pathname, searchParams: query } = parseUrl(request.url ?? '/');
  const asked = exchange ?? { request, pathname, query, requester: shown };
  audit.refused(asked, { ...wishOf(asked), status, latencyMs: Math.round(clock.monotonicMs() - startedMs) });
}

/** Nothing of an address that nobody could make sense of. */
function wishOf(asked: Pick<Exchange, 'request' | 'pathname' | 'query'>) {
  try {
    const route = parseRoute(asked.pathname);
    return { route, wanted: attributesOf(asked, route) };
  } catch (error) {
    if (ApiError.is(error)) return { route: undefined, wanted: undefined };
    throw error;
  }
}

async function serve(deps: RequestDeps, request: IncomingMessage, response: ServerResponse, seen: Seen): Promise<void> {
  const { pathname, searchParams: query } = parseUrl(request.url ?? '/');
  const who = () => {
    seen.shown = deps.authenticate(request);
    return impersonate(deps.resources.rights, request, seen.shown);
  };
  const requester = open.has(pathname) ? nobody : await identified(deps, request, who);
  const exchange: Exchange = { request, response, pathname, query, requester, warnings: [] };
  seen.exchange = exchange;
  const route = parseRoute(pathname);
  const isWatch = route.is === 'resource' && route.resource.name === '' && request.method === 'GET' && flag(query, 'watch') === true;
  if (isWatch) seen.verb = 'WATCH';
  seen.resource = route.is === 'resource' ? servedName(deps.resources, route.resource) : '';
  const leave = (isWatch ? deps.watches : deps.requests).enter(clientOf(exchange), isWatch ? watchWeight(request) : 1);
  const isLong = isWatch || pathname === '/backup';
  const cancel = isLong ? () => {} : deps.clock.after(deps.responseMs, () => response.destroy());
  // An answer that its reader has not taken yet still holds what it is made of.
  response.once('close', () => {
    cancel();
    leave();
  });
  if (!open.has(pathname)) {
    const wanted = requireRight(deps.resources.rights, exchange, route, who);
    exchange.trail = deps.audit?.follow(exchange, wanted, route);
    if (exchange.trail?.interest === 'secret') {
      exchange.trail.receive();
      await exchange.trail.recorded();
    }
  }
  await dispatch(deps, exchange, route);
}

/** A token that another server has just made is asked about again once this one has seen all that the other had. */
async function identified({ resources }: RequestDeps, request: IncomingMessage, who: () => Requester): Promise<Requester> {
  try {
    return who();
  } catch (error) {
    const token = ApiError.is(error, 'Unauthorized') ? bearerToken(request) : undefined;
    if (token === undefined || !resources.accounts.isNew(token)) throw error;
    await reachNow(resources);
    return who();
  }
}

function requireRight(rights: Rights, exchange: Exchange, route: Route, who: () => Requester): Attributes {
  const wanted = attributesOf(exchange, route);
  authorize(rights, exchange.requester, wanted);
  exchange.mayStill = () => authorize(rights, who(), wanted);
  if (!('path' in wanted)) exchange.mayCreate = () => authorize(rights, exchange.requester, { ...wanted, verb: 'create' });
  return wanted;
}

function dispatch(deps: RequestDeps, exchange: Exchange, route: Route): Promise<void> {
  if (route.is === 'resource') return handleResource(deps.resources, exchange, route.resource);
  const [root, ...more] = route.path;
  if (root === 'backup' && more.length === 0) return deps.backup(exchange);
  if (root === 'secret-keys' && more.length === 0) return deps.keyReport(exchange);
  return deps.documents(exchange, route.path);
}

const clientOf = ({ requester, request }: Exchange): string => `${requester.username} ${request.socket.remoteAddress ?? ''}`;

/** Empty for what is not served: strangers' words do not become labels of metrics, which are kept for ever. */
const servedName = ({ registry }: ResourceDeps, { group, version, plural }: ResourceRoute): string =>
  registry.find(group, version, plural)?.kind.plural ?? '';

/** The address is split by hand: WHATWG rules would quietly change what was asked, such as `..` in it. */
function parseUrl(url: string): { pathname: string; searchParams: URLSearchParams } {
  const mark = url.indexOf('?');
  return mark < 0
    ? { pathname: url, searchParams: new URLSearchParams() }
    : { pathname: url.slice(0, mark), searchParams: new URLSearchParams(url.slice(mark + 1)) };
}

/** Long selectors are work and memory for as long as their watch lasts, so they count for several. */
const watchWeight = ({ url = '' }: IncomingMessage): number => 1 + Math.ceil(Math.max(0, url.length - plainUrl) / 64);
const plainUrl = 512;

/** The reader has left, or was cut off: nothing here has failed. */
const isGone = (error: unknown): boolean => error instanceof Error && 'code' in error && goneCodes.has(String(error.code));
const goneCodes = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ECONNRESET', 'EPIPE']);
