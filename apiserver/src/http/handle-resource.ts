import { ApiError, isObject, type Json, type JsonObject } from '@river/crds';
import { decodeBody } from '../decode/decode-body.ts';
import { type Decoded, decodeJson } from '../decode/decode-json.ts';
import { asObject } from '../object/encode.ts';
import { objectKey } from '../object/object-key.ts';
import { getObject } from '../read/get-object.ts';
import { listObjects } from '../read/list-objects.ts';
import { reachNow } from '../read/read-at.ts';
import type { Target } from '../registry/served-kind.ts';
import { createObject } from '../write/create-object.ts';
import { deleteCollection } from '../write/delete-collection.ts';
import { deleteObject } from '../write/delete-object.ts';
import { parseDeleteOptions } from '../write/parse-delete-options.ts';
import { type PatchKind, patchObject } from '../write/patch-object.ts';
import type { Sent } from '../write/prepare-object.ts';
import { updateObject } from '../write/update-object.ts';
import { answerReview } from './answer-review.ts';
import { attributesOf } from './attributes-of.ts';
import type { Exchange } from './exchange.ts';
import { sendJson } from './exchange.ts';
import { handleScale } from './handle-scale.ts';
import { handleTokenRequest, isTokenRequest } from './handle-token-request.ts';
import { handleWatch } from './handle-watch.ts';
import { count, flag, text } from './query.ts';
import { readBody } from './read-body.ts';
import { mediaOf, methodNotAllowed, type ResourceDeps, type ResourceRequest, resolve, writeOptions } from './resource-context.ts';
import type { ResourceRoute } from './route.ts';
import { sendList, sendObject } from './send-objects.ts';

type Handler = (deps: ResourceDeps, request: ResourceRequest) => Promise<void>;

/** A request about a resource: the verb is the method and whether a name is given. */
export function handleResource(deps: ResourceDeps, exchange: Exchange, route: ResourceRoute): Promise<void> {
  if (isTokenRequest(route)) return handleTokenRequest(deps, exchange, route);
  const request = resolve(deps, exchange, route);
  mediaOf(exchange);
  if (request.target.version.info.deprecated) exchange.warnings.push(deprecation(request));
  if (request.subresource === 'scale') return handleScale(deps, request);
  const handler = (request.name === '' ? onCollection : onObject)[exchange.request.method ?? ''];
  const { verb } = attributesOf(exchange, { is: 'resource', resource: route });
  if (!handler || !request.target.kind.rules.verbs.includes(verb)) throw methodNotAllowed();
  return handler(deps, request);
}

const deprecation = ({ target }: ResourceRequest): string =>
  target.version.info.deprecationWarning ?? `${target.version.apiVersion} ${target.kind.kind} is deprecated`;

async function readWhole({ maxBodyBytes, heavy }: ResourceDeps, { request, response }: Exchange): Promise<Buffer> {
  const bytes = await readBody(request, maxBodyBytes);
  await heavy.enter(bytes, response);
  return bytes;
}

/** What is done to a heavy object is heavy, however little the request says. */
async function enterForStored({ heavy }: ResourceDeps, { exchange, target: { kind }, namespace, name }: ResourceRequest): Promise<void> {
  const stored = kind.cache.get(objectKey(kind.prefix, namespace, name));
  if (stored) await heavy.enter(stored.bytes, exchange.response);
}

export async function readJson(deps: ResourceDeps, exchange: Exchange): Promise<Decoded<JsonObject>> {
  const decoded = await decodeBody(await readWhole(deps, exchange), exchange.request.headers['content-type'] ?? '', deps);
  exchange.trail?.receive(decoded);
  return decoded;
}

export async function readSent(deps: ResourceDeps, exchange: Exchange): Promise<Sent> {
  const { value, duplicates } = await readJson(deps, exchange);
  if (!isObject(value.metadata ?? {})) throw new ApiError('BadRequest', 'metadata must be an object');
  return { object: asObject({ ...value, metadata: value.metadata ?? {} }), duplicates };
}

const list: Handler = async (deps, request) => {
  const { query } = request.exchange;
  if (flag(query, 'watch')) return handleWatch(deps, request);
  const listed = await listObjects(deps, request.target, request.namespace, {
    labelSelector: text(query, 'labelSelector'),
    fieldSelector: text(query, 'fieldSelector'),
    limit: count(query, 'limit'),
    continue: text(query, 'continue'),
    resourceVersion: text(query, 'resourceVersion'),
    resourceVersionMatch: text(query, 'resourceVersionMatch'),
  });
  return sendList(deps, request, listed);
};

const isKept = ({ kind }: Target): boolean => kind.rules.verbs.includes('get');

const create: Handler = async (deps, request) => {
  const { exchange, target, namespace } = request;
  if (target.kind.isNamespaced && namespace === '') throw methodNotAllowed();
  const sent = await readSent(deps, exchange);
  // What a token names may have been made a moment ago, elsewhere.
  if (target.kind.plural === 'tokenreviews') await reachNow(deps);
  if (!isKept(target)) return sendJson(exchange, 201, answerReview(deps, request, sent, writeOptions(exchange)));
  const { object } = await createObject(deps, { target, namespace, sent, options: writeOptions(exchange) });
  exchange.trail?.wrote(object);
  return sendObject(deps, request, 201, object);
};

const get: Handler = async (deps, request) => {
  const { exchange, target, namespace, name } = request;
  if (mediaOf(exchange).as !== 'object') await enterForStored(deps, request);
  return sendObject(deps, request, 200, await getObject(deps, target, namespace, name, text(exchange.query, 'resourceVersion')));
};

const update: Handler = async (deps, request) => {
  const { exchange, target, namespace, name, subresource } = request;
  const sent = await readSent(deps, exchange);
  const { object, outcome } = await updateObject(deps, { target, namespace, name, subresource, sent, options: writeOptions(exchange) });
  exchange.trail?.wrote(object);
  return sendObject(deps, request, outcome === 'created' ? 201 : 200, object);
};

const patchKinds: ReadonlyMap<string, PatchKind> = new Map([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
  ['application/apply-patch+yaml', 'apply'],
]);

/** Which of the four patches a body is. @throws ApiError UnsupportedMediaType */
function patchKindOf({ target, exchange }: ResourceRequest): PatchKind {
  const media = (exchange.request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const how = patchKinds.get(media);
  if (how && (how !== 'strategic' || target.kind.rules.acceptsStrategicPatch)) return how;
  const accepted = [...patchKinds]
    .filter(([, kind]) => kind !== 'strategic' || target.kind.rules.acceptsStrategicPatch)
    .map(([type]) => type);
  throw new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

export interface PatchBody {
  how: PatchKind;
  body: Json;
  duplicates: readonly string[];
  force: boolean;
}

export async function readPatch(deps: ResourceDeps, request: ResourceRequest): Promise<PatchBody> {
  const { exchange } = request;
  const how = patchKindOf(request);
  const bytes = await readWhole(deps, exchange);
  await enterForStored(deps, request);
  const decoded = how === 'apply' ? await decodeBody(bytes, 'application/yaml', deps) : decodeJson(bytes);
  const force = flag(exchange.query, 'force');
  if (force !== undefined && how !== 'apply') throw new ApiError('BadRequest', 'force may only be given with an apply patch');
  if (how === 'apply' && !text(exchange.query, 'fieldManager'))
    throw new ApiError('BadRequest', 'fieldManager is required for apply patch');
  exchange.trail?.receive(decoded);
  return { how, body: decoded.value, duplicates: decoded.duplicates, force: force ?? false };
}

const patch: Handler = async (deps, request) => {
  const { exchange, target, namespace, name, subresource } = request;
  const body = await readPatch(deps, request);
  const { object, outcome } = await patchObject(deps, { target, namespace, name, subresource, ...body, options: writeOptions(exchange) });
  exchange.trail?.wrote(object);
  return sendObject(deps, request, outcome === 'created' ? 201 : 200, object);
};

async function readDeleteOptions(deps: ResourceDeps, exchange: Exchange) {
  const { request, query } = exchange;
  const bytes = await readWhole(deps, exchange);
  const contentType = request.headers['content-type'] ?? '';
  const decoded = bytes.length === 0 ? { value: {} } : await decodeBody(bytes, contentType, deps);
  exchange.trail?.receive(decoded);
  return parseDeleteOptions(query, decoded.value);
}

const remove: Handler = async (deps, request) => {
  const { exchange, target, namespace, name, subresource } = request;
  if (subresource !== '') throw methodNotAllowed();
  const { deleteOptions, dryRun } = await readDeleteOptions(deps, exchange);
  await enterForStored(deps, request);
  const written = await deleteObject(deps, { target, namespace, name, deleteOptions, options: writeOptions(exchange, dryRun) });
  exchange.trail?.wrote(written.object);
  if (written.outcome !== 'deleted') return sendObject(deps, request, 200, written.object);
  const details = { name, ...(target.kind.group && { group: target.kind.group }), kind: target.kind.plural, uid: written.object.uid };
  return sendJson(exchange, 200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
};

const removeMany: Handler = async (deps, request) => {
  const { exchange, target, namespace } = request;
  const { query } = exchange;
  if (target.kind.isNamespaced && namespace === '') throw methodNotAllowed();
  const { deleteOptions, dryRun } = await readDeleteOptions(deps, exchange);
  const selectors = { labelSelector: text(query, 'labelSelector'), fieldSelector: text(query, 'fieldSelector') };
  const listed = await deleteCollection(deps, { target, namespace, selectors, deleteOptions, options: writeOptions(exchange, dryRun) });
  return sendList(deps, request, listed);
};

const onCollection: Readonly<Record<string, Handler>> = { GET: list, HEAD: list, POST: create, DELETE: removeMany };
const onObject: Readonly<Record<string, Handler>> = { GET: get, HEAD: get, PUT: update, PATCH: patch, DELETE: remove };
