import { readFields } from '../protobuf/read-fields.ts';

export interface KeyValue {
  key: Buffer;
  value: Buffer;
  /** The revision that last wrote it. */
  modRevision: bigint;
}

const EMPTY = Buffer.alloc(0);

export function readKeyValue(message: Buffer): KeyValue {
  const kv: KeyValue = { key: EMPTY, value: EMPTY, modRevision: 0n };
  readFields(message, (field, value) => {
    if (field === 1) kv.key = value.bytes();
    else if (field === 3) kv.modRevision = value.integer();
    else if (field === 5) kv.value = value.bytes();
  });
  return kv;
}

/** The revision of a response's header. */
export function readHeader(message: Buffer): bigint {
  let revision = 0n;
  readFields(message, (field, value) => {
    if (field === 3) revision = value.integer();
  });
  return revision;
}
