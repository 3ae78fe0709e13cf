import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '@river/runtime';
import { storeFailure } from '../write/commit.ts';
import type { Authenticate } from './authenticate.ts';
import { type Exchange, sendFailure } from './exchange.ts';
import { handleResource } from './handle-resource.ts';
import type { InFlight } from './in-flight.ts';
import type { ServerMetrics } from './metrics.ts';
import { flag } from './query.ts';
import type { ResourceDeps } from './resource-context.ts';
import { parseRoute, type ResourceRoute, type Route } from './route.ts';

export interface RequestDeps {
  resources: ResourceDeps;
  documents: (exchange: Exchange, path: string[]) => Promise<void>;
  authenticate: Authenticate;
  requests: InFlight;
  watches: InFlight;
  metrics: ServerMetrics;
  log: Logger;
  monotonicMs: () => number;
}

/** What may be asked without saying who one is: whether the server is alive. */
const open = new Set(['/healthz', '/livez', '/readyz']);

const nobody = { username: 'system:anonymous', uid: '', groups: ['system:unauthenticated'], extra: {} };

export async function handleRequest(deps: RequestDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const startedMs = deps.monotonicMs();
  const measure = { verb: request.method ?? '', resource: '' };
  response.on('error', () => response.destroy());
  try {
    await serve(deps, request, response, measure);
  } catch (error) {
    const status = sendFailure({ request, response }, storeFailure(error, false));
    if (status.reason === 'InternalError')
      deps.log.error('a request failed', { method: request.method, url: request.url?.slice(0, 300), error });
  }
  if (!request.complete) request.resume();
  deps.metrics.observe(measure.verb, measure.resource, response.statusCode, deps.monotonicMs() - startedMs);
}

async function serve(
  deps: RequestDeps,
  request: IncomingMessage,
  response: ServerResponse,
  measure: { verb: string; resource: string },
): Promise<void> {
  const { pathname, searchParams: query } = parseUrl(request.url ?? '/');
  const requester = open.has(pathname) ? nobody : deps.authenticate(request);
  const exchange: Exchange = { request, response, pathname, query, requester, warnings: [] };
  const route = parseRoute(pathname);
  const isWatch = route.is === 'resource' && route.resource.name === '' && request.method === 'GET' && flag(query, 'watch') === true;
  measure.verb = isWatch ? 'WATCH' : measure.verb;
  measure.resource = route.is === 'resource' ? servedName(deps.resources, route.resource) : '';
  const leave = (isWatch ? deps.watches : deps.requests).enter(clientOf(exchange));
  try {
    await dispatch(deps, exchange, route);
  } finally {
    leave();
  }
}

const dispatch = (deps: RequestDeps, exchange: Exchange, route: Route): Promise<void> =>
  route.is === 'resource' ? handleResource(deps.resources, exchange, route.resource) : deps.documents(exchange, route.path);

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
