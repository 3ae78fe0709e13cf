import { bytesField, chosenIntegerField, integerField, messageField, type Pieces } from '../protobuf/fields.ts';
import { readFields } from '../protobuf/read-fields.ts';
import { type KeyValue, readHeader } from './key-value.ts';
import { rangeRequest, readRangeResponse } from './range.ts';

/** `success` is done when every key of `compare` was last written at exactly its revision (0: does not exist), else `failure`. */
export interface TxnRequest {
  compare: Compare[];
  success: TxnStep[];
  failure: TxnStep[];
}

export interface Compare {
  key: Buffer;
  modRevision: bigint;
}

export type TxnStep =
  | { do: 'get'; key: Buffer }
  | { do: 'put'; key: Buffer; value: Uint8Array }
  | { do: 'delete'; key: Buffer }
  | { do: 'txn'; txn: TxnRequest };

export interface TxnResponse {
  revision: bigint;
  succeeded: boolean;
  /** For each step that was done what it found; nothing for a step that is no `get`. */
  found: (KeyValue | undefined)[];
}

/** What of a key a compare looks at: its mod revision. */
const TARGET_MOD = 2;

export const txnRequest = ({ compare, success, failure }: TxnRequest): Pieces => [
  ...compare.flatMap(({ key, modRevision }) =>
    messageField(1, integerField(2, TARGET_MOD), bytesField(3, key), chosenIntegerField(6, modRevision)),
  ),
  ...success.flatMap((step) => messageField(2, stepField(step))),
  ...failure.flatMap((step) => messageField(3, stepField(step))),
];

function stepField(step: TxnStep): Pieces {
  switch (step.do) {
    case 'get':
      return messageField(1, rangeRequest(step));
    case 'put':
      return messageField(2, bytesField(1, step.key), bytesField(2, step.value));
    case 'delete':
      return messageField(3, bytesField(1, step.key));
    case 'txn':
      return messageField(4, txnRequest(step.txn));
  }
}

export function readTxnResponse(message: Buffer): TxnResponse {
  const response: TxnResponse = { revision: 0n, succeeded: false, found: [] };
  readFields(message, (field, value) => {
    if (field === 1) response.revision = readHeader(value.bytes());
    else if (field === 2) response.succeeded = value.flag();
    else if (field === 3) response.found.push(readFound(value.bytes()));
  });
  return response;
}

function readFound(message: Buffer): KeyValue | undefined {
  let found: KeyValue | undefined;
  readFields(message, (field, value) => {
    if (field === 1) found = readRangeResponse(value.bytes()).kvs[0];
  });
  return found;
}
