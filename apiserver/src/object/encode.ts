import type { JsonObject, KubeObject } from '@river/crds';
import { cloneJson } from '../json/plain-json.ts';

const metadataMark = Buffer.from('"metadata":{');
const versionMark = Buffer.from('"resourceVersion":"');
const closing = Buffer.from('",');

/**
 * The bytes that a store keeps. The resourceVersion is left out, because it is the revision that the store is about to give;
 * {@link withRevision} puts it back. The order of the first three fields is what makes that a splice and not a parse.
 */
export function encodeStored(object: KubeObject): Buffer {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { resourceVersion: _, ...meta } = metadata;
  return Buffer.from(JSON.stringify({ apiVersion, kind, metadata: meta, ...rest }));
}

/** The bytes that go to clients: the stored ones with the resourceVersion as the first field of the metadata. */
export function withRevision(stored: Uint8Array, revision: bigint): Buffer {
  const value = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const at = value.indexOf(metadataMark) + metadataMark.length;
  const digits = revision.toString();
  // Not from Node's pool: the cache keeps these for long, and each would keep its neighbours in the pool too.
  const out = Buffer.allocUnsafeSlow(value.length + versionMark.length + digits.length + closing.length);
  let end = value.copy(out, 0, 0, at);
  end += versionMark.copy(out, end);
  end += out.write(digits, end, 'latin1');
  end += closing.copy(out, end);
  value.copy(out, end, at);
  return out;
}

/** The same object as it is at another revision: what a deleted object's last event carries. */
export function replaceRevision(bytes: Buffer, revision: bigint): Buffer {
  const start = bytes.indexOf(versionMark) + versionMark.length;
  const end = bytes.indexOf(0x22, start);
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(revision.toString()), bytes.subarray(end)]);
}

/** What a server reads back was written by {@link encodeStored}, so its shape is known. */
export const decodeObject = (bytes: Uint8Array): KubeObject =>
  JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as KubeObject;

/** A KubeObject is JSON whose first fields are known; functions over any JSON take it through here. */
export const asJson = (object: KubeObject): JsonObject => object as unknown as JsonObject;
export const asObject = (json: JsonObject): KubeObject => json as unknown as KubeObject;

/** A copy that shares nothing with the original. */
export const cloneObject = (object: KubeObject): KubeObject => asObject(cloneJson(asJson(object)) as JsonObject); // an object's copy is one
