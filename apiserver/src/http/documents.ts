import { ApiError } from '@river/crds';
import type { AuditHead } from '../audit/audit.ts';
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
import { negotiateOpenApiV2, openApiV2, openApiV2Protobuf, openApiV2ProtobufType, openApiV3, openApiV3Index } from '../openapi/index.ts';
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
  /** Undefined where there is no audit log. */
  auditHead: (() => AuditHead) | undefined;
  /** How others can verify the tokens of accounts. */
  accounts: { issuer: string; published: object };
  /** The certificates (PEM) by which clients and this server know each other. */
  authority?: string | undefined;
}

const json = 'application/json';

const notAcceptable = (...types: string[]): ApiError =>
  new ApiError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);

const requireJson = ({ request }: Exchange): void => {
  if (!parseAccept(request.headers.accept).some(coversJson)) throw notAcceptable(json);
};

/** Keeps every document that was asked for until other kinds are served. */
function keptDocuments(infosNow: DocumentDeps['infos']) {
  let memo = new Map<string, Promise<Document>>();
  let memoOf: readonly ResourceInfo[] | null = null;

  const documentOf = async (contentType: string, bytes: Promise<Buffer>): Promise<Document> => {
    const body = await bytes;
    return { body, etag: etagOf(body), contentType };
  };
  return (id: string, contentType: string, make: (infos: readonly ResourceInfo[]) => Promise<Buffer>): Promise<Document> => {
    const infos = infosNow();
    if (memoOf !== infos) memo = new Map();
    memoOf = infos;
    const document = memo.get(id) ?? documentOf(contentType, make(infos));
    memo.set(id, document);
    return document;
  };
}

/** Everything below `/` that is not an object: discovery, OpenAPI, version, health, metrics. */
export function documents(deps: DocumentDeps): (exchange: Exchange, path: string[]) => Promise<void> {
  const openApiIndex = openApiV3Index();
  const kept = keptDocuments(deps.infos);
  const made = (id: string, contentType: string, make: (infos: readonly ResourceInfo[]) => unknown) =>
    kept(id, contentType, async (infos) => Buffer.from(JSON.stringify(await make(infos))));
  const discovery = (exchange: Exchange, root: 'api' | 'apis'): Promise<Document> => {
    const form = negotiateDiscovery(exchange.request.headers.accept);
    if (form === 'notAcceptable') throw notAcceptable(json);
    return made(`${root} ${form}`, discoveryContentType(form), (infos) => {
      if (form !== 'legacy') return aggregatedDiscovery(infos, root, form);
      return root === 'api' ? apiVersions() : apiGroupList(infos);
    });
  };
  const find = (exchange: Exchange, path: string[]): Promise<Document> => {
    const [root, group = '', version = '', more] = path;
    if (root === 'api' && group !== '') return resourceList('', group, version);
    if (root === 'api' || (root === 'apis' && group === '')) return discovery(exchange, root);
    if (root === 'apis' && more === undefined) return version === '' ? oneGroup(group) : resourceList(group, version, '');
    if (root === 'version' && path.length === 1) return made('version', json, () => versionInfo(deps.build));
    if (root === 'openapi') {
      if (path[1] === 'v2' && path.length === 2) return swagger(exchange);
      requireJson(exchange);
      return openApi(path);
    }
    if (path.join('/') === '.well-known/openid-configuration') return made('issuer', json, () => issuerConfiguration(deps.accounts));
    if (path.join('/') === 'openid/v1/jwks') return made('keys', 'application/jwk-set+json', () => deps.accounts.published);
    if (path.length === 0) return made('root', json, (infos) => ({ paths: rootPaths(infos) }));
    throw noSuchResource();
  };
  const oneGroup = (group: string): Promise<Document> => {
    if (versionsOf(deps.infos(), group).length === 0) throw noSuchResource();
    return made(`group ${group}`, json, (infos) => apiGroup(infos, group));
  };
  const resourceList = (group: string, version: string, more: string): Promise<Document> => {
    if (more !== '' || !versionsOf(deps.infos(), group).includes(version)) throw noSuchResource();
    return made(`resources ${group}/${version}`, json, (infos) => apiResourceList(infos, group, version));
  };
  const swagger = ({ request }: Exchange): Promise<Document> => {
    const form = negotiateOpenApiV2(request.headers.accept);
    if (form === 'notAcceptable') throw notAcceptable(json, openApiV2ProtobufType);
    if (form === 'json') return made('openapi v2', json, openApiV2);
    return kept('openapi v2 protobuf', openApiV2ProtobufType, (infos) => openApiV2Protobuf(openApiV2(infos)));
  };
  const openApi = (path: string[]): Promise<Document> => {
    const [, form, root, group = '', version = ''] = path;
    if (form !== 'v3') throw noSuchResource();
    if (root === undefined) return made('openapi v3', json, openApiIndex);
    const at = root === 'api' ? { group: '', version: group } : { group, version };
    const isWhole = (root === 'api' && path.length === 4) || (root === 'apis' && path.length === 5);
    if (!isWhole || !versionsOf(deps.infos(), at.group).includes(at.version)) throw noSuchResource();
    return made(`openapi v3 ${at.group}/${at.version}`, json, (infos) => openApiV3(infos, path.slice(2).join('/')));
  };

  return async (exchange, path) => {
    const { request, response } = exchange;
    if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed();
    const plain = await plainDocument(deps, exchange, path);
    if (plain) return sendBytes(exchange, plain.code, Buffer.from(plain.body), plain.contentType);
    const { body, etag, contentType } = await find(exchange, path);
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

const issuerConfiguration = ({ issuer }: DocumentDeps['accounts']) => ({
  issuer,
  jwks_uri: `${issuer.replace(/\/$/, '')}/openid/v1/jwks`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
});

interface PlainDocument {
  code: number;
  body: string;
  contentType: string;
}

/** What is neither kept nor negotiated. */
async function plainDocument(deps: DocumentDeps, exchange: Exchange, path: string[]): Promise<PlainDocument | undefined> {
  const [root] = path;
  if (root === 'healthz' || root === 'livez' || root === 'readyz') return health(deps, exchange, root === 'readyz');
  if (path.length !== 1) return undefined;
  if (root === 'ca.crt' && deps.authority) return { code: 200, body: deps.authority, contentType: 'application/x-pem-file' };
  if (root === 'audit-head' && deps.auditHead) return { code: 200, body: JSON.stringify(deps.auditHead()), contentType: json };
  return root === 'metrics' ? { code: 200, ...(await deps.metrics()) } : undefined;
}

function health({ readiness }: DocumentDeps, exchange: Exchange, needsReady: boolean): PlainDocument {
  const checks = readiness();
  const failed = needsReady && checks.some(({ isReady }) => !isReady);
  const isVerbose = exchange.query.has('verbose') || failed;
  const lines = checks.map(({ name, isReady }) => `[${isReady ? '+' : '-'}]${name} ${isReady ? 'ok' : 'failed'}`);
  const body = isVerbose ? `${[...lines, failed ? 'readyz check failed' : 'check passed'].join('\n')}\n` : 'ok';
  return { code: failed ? 503 : 200, body, contentType: 'text/plain; charset=utf-8' };
}

function rootPaths(infos: readonly ResourceInfo[]): string[] {
  const versions = infos.map(({ group, version }) => (group === '' ? `/api/${version}` : `/apis/${group}/${version}`));
  const groups = infos.flatMap(({ group }) => (group === '' ? [] : [`/apis/${group}`]));
  const fixed = [
    '/.well-known/openid-configuration',
    '/api',
    '/apis',
    '/audit-head',
    '/backup',
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/openid/v1/jwks',
    '/readyz',
    '/secret-keys',
    '/version',
  ];
  return [...new Set([...fixed, ...groups, ...versions])].sort();
}
