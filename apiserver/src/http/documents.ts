import { ApiError } from '@river/crds';
import { coversJson, parseAccept } from '../discovery/accept.ts';
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  discoveryContentType,
  etagOf,
  matchesEtag,
  negotiateDiscovery,
  versionInfo,
  versionsOf,
} from '../discovery/index.ts';
import { openApiV2, openApiV3, openApiV3Index } from '../openapi/index.ts';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { type Exchange, sendBytes } from './exchange.ts';
import { methodNotAllowed, noSuchResource } from './resource-context.ts';

/** A document that depends on nothing but the kinds that are served. */
interface Document {
  body: Buffer;
  etag: string;
  contentType: string;
}

export interface DocumentDeps {
  infos: () => readonly ResourceInfo[];
  build: { version: string };
  readiness: () => { name: string; isReady: boolean }[];
  metrics: () => Promise<{ body: string; contentType: string }>;
}

const json = 'application/json';

const notAcceptable = (): ApiError => new ApiError('NotAcceptable', `only the following media types are accepted: ${json}`);

const requireJson = ({ request }: Exchange): void => {
  if (!parseAccept(request.headers.accept).some(coversJson)) throw notAcceptable();
};

/** Everything below `/` that is not an object: discovery, OpenAPI, version, health, metrics. */
export function documents(deps: DocumentDeps): (exchange: Exchange, path: string[]) => Promise<void> {
  let memo = new Map<string, Document>();
  let memoOf: readonly ResourceInfo[] | null = null;

  const made = (id: string, contentType: string, make: (infos: readonly ResourceInfo[]) => unknown): Document => {
    const infos = deps.infos();
    if (memoOf !== infos) memo = new Map();
    memoOf = infos;
    const known = memo.get(id);
    if (known) return known;
    const body = Buffer.from(JSON.stringify(make(infos)));
    const document = { body, etag: etagOf(body), contentType };
    memo.set(id, document);
    return document;
  };
  const discovery = (exchange: Exchange, root: 'api' | 'apis'): Document => {
    const form = negotiateDiscovery(exchange.request.headers.accept);
    if (form === 'notAcceptable') throw notAcceptable();
    return made(`${root} ${form}`, discoveryContentType(form), (infos) => {
      if (form !== 'legacy') return aggregatedDiscovery(infos, root, form);
      return root === 'api' ? apiVersions() : apiGroupList(infos);
    });
  };
  const find = (exchange: Exchange, path: string[]): Document => {
    const [root, group = '', version = '', more] = path;
    if (root === 'api' && group !== '') return resourceList('', group, version);
    if (root === 'api' || (root === 'apis' && group === '')) return discovery(exchange, root);
    if (root === 'apis' && more === undefined) return version === '' ? oneGroup(group) : resourceList(group, version, '');
    if (root === 'version' && path.length === 1) return made('version', json, () => versionInfo(deps.build));
    if (root === 'openapi') {
      requireJson(exchange);
      return openApi(path);
    }
    if (path.length === 0) return made('root', json, (infos) => ({ paths: rootPaths(infos) }));
    throw noSuchResource();
  };
  const oneGroup = (group: string): Document => {
    if (versionsOf(deps.infos(), group).length === 0) throw noSuchResource();
    return made(`group ${group}`, json, (infos) => apiGroup(infos, group));
  };
  const resourceList = (group: string, version: string, more: string): Document => {
    if (more !== '' || !versionsOf(deps.infos(), group).includes(version)) throw noSuchResource();
    return made(`resources ${group}/${version}`, json, (infos) => apiResourceList(infos, group, version));
  };
  const openApi = (path: string[]): Document => {
    const [, form, root, group = '', version = ''] = path;
    if (form === 'v2' && root === undefined) return made('openapi v2', json, (infos) => openApiV2(infos));
    if (form !== 'v3') throw noSuchResource();
    if (root === undefined) return made('openapi v3', json, (infos) => openApiV3Index(infos));
    const at = root === 'api' ? { group: '', version: group } : { group, version };
    if (!versionsOf(deps.infos(), at.group).includes(at.version)) throw noSuchResource();
    return made(`openapi v3 ${at.group}/${at.version}`, json, (infos) => openApiV3(infos, path.slice(2).join('/')));
  };

  return async (exchange, path) => {
    const { request, response } = exchange;
    if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed();
    const [root] = path;
    if (root === 'healthz' || root === 'livez' || root === 'readyz') return health(deps, exchange, root === 'readyz');
    if (root === 'metrics' && path.length === 1) {
      const { body, contentType } = await deps.metrics();
      return sendBytes(exchange, 200, Buffer.from(body), contentType);
    }
    const { body, etag, contentType } = find(exchange, path);
    response.setHeader('ETag', etag);
    response.setHeader('Vary', 'Accept');
    if (matchesEtag(request.headers['if-none-match'], etag)) {
      response.statusCode = 304;
      response.end();
      return;
    }
    return sendBytes(exchange, 200, body, contentType);
  };
}

function health({ readiness }: DocumentDeps, exchange: Exchange, needsReady: boolean): Promise<void> {
  const checks = readiness();
  const failed = needsReady && checks.some(({ isReady }) => !isReady);
  const isVerbose = exchange.query.has('verbose') || failed;
  const lines = checks.map(({ name, isReady }) => `[${isReady ? '+' : '-'}]${name} ${isReady ? 'ok' : 'failed'}`);
  const body = isVerbose ? `${[...lines, failed ? 'readyz check failed' : 'check passed'].join('\n')}\n` : 'ok';
  return sendBytes(exchange, failed ? 503 : 200, Buffer.from(body), 'text/plain; charset=utf-8');
}

function rootPaths(infos: readonly ResourceInfo[]): string[] {
  const versions = infos.map(({ group, version }) => (group === '' ? `/api/${version}` : `/apis/${group}/${version}`));
  const groups = infos.flatMap(({ group }) => (group === '' ? [] : [`/apis/${group}`]));
  const fixed = ['/api', '/apis', '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'];
  return [...new Set([...fixed, ...groups, ...versions])].sort();
}
