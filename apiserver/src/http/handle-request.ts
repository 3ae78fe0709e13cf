import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '@river/crds';
import type { Clock, Logger } from '@river/runtime';
import { type Authenticate, bearerToken } from '../authentication/authenticate.ts';
import { authorize } from '../authorization/authorize.ts';
import type { Rights } from '../authorization/rights.ts';
import { reachNow } from '../read/read-at.ts';
import { storeFailure } from '../write/commit.ts';
import type { Requester } from '../write/write-context.ts';
import { attributesOf } from './attributes-of.ts';
import { type Exchange, sendFailure } from './exchange.ts';
import { handleResource } from './handle-resource.ts';
import { impersonate } from './impersonate.ts';
import type { InFlight } from './in-flight.ts';
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
  const measure = { verb: request.method ?? '', resource: '' };
  response.on('error', () => response.destroy());
  try {
    await serve(deps, request, response, measure);
  } catch (error) {
    const status = sendFailure({ request, response }, storeFailure(error, false));
    // Without the query: people put there what must not be kept.
    if (status.reason === 'InternalError' && !isGone(error))
      deps.log.error('a request failed', { method: request.method, path: request.url?.split('?', 1)[0]?.slice(0, 300), error });
  }
  if (!request.complete) request.resume();
  deps.metrics.observe(measure.verb, measure.resource, response.statusCode, deps.clock.monotonicMs() - startedMs);
}

async function serve(
  deps: RequestDeps,
  request: IncomingMessage,
  response: ServerResponse,
  measure: { verb: string; resource: string },
): Promise<void> {
  const { pathname, searchParams: query } = parseUrl(request.url ?? '/');
  const who = () => impersonate(deps.resources.rights, request, deps.authenticate(request));
  const requester = open.has(pathname) ? nobody : await identified(deps, request, who);
  const exchange: Exchange = { request, response, pathname, query, requester, warnings: [] };
  const route = parseRoute(pathname);
  const isWatch = route.is === 'resource' && route.resource.name === '' && request.method === 'GET' && flag(query, 'watch') === true;
  measure.verb = isWatch ? 'WATCH' : measure.verb;
  measure.resource = route.is === 'resource' ? servedName(deps.resources, route.resource) : '';
  const leave = (isWatch ? deps.watches : deps.requests).enter(clientOf(exchange), isWatch ? watchWeight(request) : 1);
  const isLong = isWatch || pathname === '/backup';
  const cancel = isLong ? () => {} : deps.clock.after(deps.responseMs, () => response.destroy());
  // An answer that its reader has not taken yet still holds what it is made of.
  response.once('close', () => {
    cancel();
    leave();
  });
  if (!open.has(pathname)) requireRight(deps.resources.rights, exchange, route, who);
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

function requireRight(rights: Rights, exchange: Exchange, route: Route, who: () => Requester): void {
  const wanted = attributesOf(exchange, route);
  authorize(rights, exchange.requester, wanted);
  exchange.mayStill = () => authorize(rights, who(), wanted);
  if ('path' in wanted) return;
  exchange.mayCreate = () => authorize(rights, exchange.requester, { ...wanted, verb: 'create' });
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
