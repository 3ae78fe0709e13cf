import type { CachedObject } from '../cache/cached-object.ts';
import { decodeObject } from '../object/encode.ts';
import type { Listed } from '../read/list-objects.ts';
import { isCurrent, presentBytes } from '../read/present.ts';
import { partialObject, partialObjectList, tableFor, tablePrinter } from '../table/index.ts';
import { sendBytes, sendJson, sendParts, sendStream } from './exchange.ts';
import type { OneByOne } from './one-by-one.ts';
import { includeOf, mediaOf, type ResourceDeps, type ResourceRequest } from './resource-context.ts';

const comma: Buffer = Buffer.from(',');
const listEnd = Buffer.from(']}\n');

/** One object in the form that the client accepts. */
export async function sendObject(
  deps: ResourceDeps,
  { exchange, target }: ResourceRequest,
  code: number,
  object: CachedObject,
): Promise<void> {
  const media = mediaOf(exchange);
  const bytes = presentBytes(object, target.version, target.kind.cache);
  if (media.as === 'object') return sendBytes(exchange, code, bytes);
  const decoded = decodeObject(bytes);
  if (media.as !== 'table') return sendJson(exchange, code, partialObject(decoded, media.version));
  const metadata = { resourceVersion: decoded.metadata.resourceVersion ?? '' };
  const table = tableFor(target.version.info, [decoded], {
    now: deps.now().getTime(),
    includeObject: includeOf(exchange),
    version: media.version,
    metadata,
  });
  return sendJson(exchange, code, table);
}

const listMeta = ({ revision, continueToken, remaining }: Listed) => ({
  resourceVersion: revision.toString(),
  ...(continueToken !== undefined && { continue: continueToken }),
  ...(remaining !== undefined && { remainingItemCount: remaining }),
});

/** A list: whole objects are the concatenation of their bytes, never parsed; other forms are made at the pace of the reader. */
export async function sendList(deps: ResourceDeps, request: ResourceRequest, listed: Listed): Promise<void> {
  const { exchange, target } = request;
  const { kind, version } = target;
  const form = listForm(deps, request, listed);
  const isAtHand = mediaOf(exchange).as === 'object' && listed.objects.every((object) => isCurrent(object, version, kind.cache));
  if (isAtHand) return sendParts(exchange, listParts(form.head, listed.objects.map(form.item)));
  return sendStream(exchange, madeInTurns(form, listed.objects, deps.ownTurn));
}

/** How a list becomes bytes: what stands before its items, open at the end, and each item. */
interface ListForm {
  head: Buffer;
  item(object: CachedObject): Buffer;
}

/** `{…,"items":[]}` without its end. */
const openList = (list: object): Buffer => Buffer.from(JSON.stringify(list).slice(0, -2));

function listForm(deps: ResourceDeps, { exchange, target }: ResourceRequest, listed: Listed): ListForm {
  const { kind, version } = target;
  const media = mediaOf(exchange);
  const metadata = listMeta(listed);
  const bytes = (object: CachedObject) => presentBytes(object, version, kind.cache);
  if (media.as === 'object') {
    return { head: openList({ kind: version.info.listKind, apiVersion: version.apiVersion, metadata, items: [] }), item: bytes };
  }
  if (media.as !== 'table') {
    return {
      head: openList(partialObjectList([], metadata, media.version)),
      item: (object) => Buffer.from(JSON.stringify(partialObject(decodeObject(bytes(object)), media.version))),
    };
  }
  const print = tablePrinter(version.info);
  const options = { now: deps.now().getTime(), includeObject: includeOf(exchange), version: media.version };
  return {
    head: openList(print([], { ...options, metadata })),
    item: (object) => Buffer.from(JSON.stringify(print([decodeObject(bytes(object))], { ...options, omitColumns: true }).rows[0])),
  };
}

function listParts(head: Buffer, objects: readonly Buffer[]): Buffer[] {
  const parts: Buffer[] = [head];
  for (const [at, object] of objects.entries()) {
    if (at > 0) parts.push(comma);
    parts.push(object);
  }
  parts.push(listEnd);
  return parts;
}

/** So many bytes of objects are read again in one turn of the event loop: a few milliseconds. */
const turnBytes = 128 * 1024;

async function* madeInTurns({ head, item }: ListForm, objects: readonly CachedObject[], ownTurn: OneByOne): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [head];
  let readBytes = 0;
  for (const [at, object] of objects.entries()) {
    if (at > 0) parts.push(comma);
    parts.push(item(object));
    readBytes += object.bytes.length;
    if (readBytes < turnBytes) continue;
    yield Buffer.concat(parts);
    await ownTurn();
    parts = [];
    readBytes = 0;
  }
  yield Buffer.concat([...parts, listEnd]);
}
