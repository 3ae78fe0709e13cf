import { bytesField, flagField, integerField, type Pieces } from '../protobuf/fields.ts';
import { readFields } from '../protobuf/read-fields.ts';
import { type KeyValue, readHeader, readKeyValue } from './key-value.ts';

/** From `key` up to `rangeEnd`, which is not in it. */
export interface KeyRange {
  key: Buffer;
  rangeEnd: Buffer;
}

export interface RangeRequest extends Partial<KeyRange> {
  key: Buffer;
  /** Left out or 0: all. */
  limit?: number;
  /** Left out or 0: the newest. */
  revision?: bigint;
  isCountOnly?: boolean;
}

export interface RangeResponse {
  revision: bigint;
  kvs: KeyValue[];
  more: boolean;
  /** How many keys are in the range, whatever the limit. */
  count: number;
}

const NO_END = Buffer.alloc(0);

export const rangeRequest = ({ key, rangeEnd = NO_END, limit = 0, revision = 0n, isCountOnly = false }: RangeRequest): Pieces => [
  ...bytesField(1, key),
  ...bytesField(2, rangeEnd),
  ...integerField(3, limit),
  ...integerField(4, revision),
  ...flagField(9, isCountOnly),
];

export function readRangeResponse(message: Buffer): RangeResponse {
  const response: RangeResponse = { revision: 0n, kvs: [], more: false, count: 0 };
  readFields(message, (field, value) => {
    if (field === 1) response.revision = readHeader(value.bytes());
    else if (field === 2) response.kvs.push(readKeyValue(value.bytes()));
    else if (field === 3) response.more = value.flag();
    else if (field === 4) response.count = Number(value.integer());
  });
  return response;
}
