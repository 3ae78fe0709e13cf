import type { CachedObject } from '../cache/cached-object.ts';
import { decodeObject } from '../object/encode.ts';
import type { Listed } from '../read/list-objects.ts';
import { presentBytes } from '../read/present.ts';
import { partialObject, partialObjectList, tableFor } from '../table/index.ts';
import { sendBytes, sendJson, sendParts } from './exchange.ts';
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

/** A list: whole objects are the concatenation of their bytes, never parsed. */
export async function sendList(deps: ResourceDeps, { exchange, target }: ResourceRequest, listed: Listed): Promise<void> {
  const { kind, version } = target;
  const media = mediaOf(exchange);
  const metadata = listMeta(listed);
  const bytes = () => listed.objects.map((object) => presentBytes(object, version, kind.cache));
  if (media.as === 'object') {
    const head = { kind: version.info.listKind, apiVersion: version.apiVersion, metadata };
    return sendParts(exchange, listParts(JSON.stringify(head), bytes()));
  }
  const decoded = bytes().map(decodeObject);
  if (media.as !== 'table') return sendJson(exchange, 200, partialObjectList(decoded, metadata, media.version));
  const options = { now: deps.now().getTime(), includeObject: includeOf(exchange), version: media.version, metadata };
  return sendJson(exchange, 200, tableFor(version.info, decoded, options));
}

function listParts(head: string, objects: readonly Buffer[]): Buffer[] {
  const parts: Buffer[] = [Buffer.from(`${head.slice(0, -1)},"items":[`)];
  for (const [at, object] of objects.entries()) {
    if (at > 0) parts.push(comma);
    parts.push(object);
  }
  parts.push(listEnd);
  return parts;
}
