import { bytesField, flagField, integerField, messageField, type Pieces } from '../protobuf/fields.ts';
import { readFields } from '../protobuf/read-fields.ts';
import { type KeyValue, readKeyValue } from './key-value.ts';
import type { KeyRange } from './range.ts';

export interface WatchRequest extends KeyRange {
  /** The first revision to hear of. */
  startRevision: bigint;
}

export interface WatchResponse {
  isCanceled: boolean;
  /** Above zero when the watch was canceled because it needs history before this revision. */
  compactRevision: bigint;
  cancelReason: string;
  events: WatchEvent[];
}

export interface WatchEvent {
  isDelete: boolean;
  kv: KeyValue;
  previous?: KeyValue;
}

/** Asks for what stood before, and for no fragments: so every revision comes whole. */
export const watchRequest = ({ key, rangeEnd, startRevision }: WatchRequest): Pieces =>
  messageField(1, bytesField(1, key), bytesField(2, rangeEnd), integerField(3, startRevision), flagField(6, true));

export function readWatchResponse(message: Buffer): WatchResponse {
  const response: WatchResponse = { isCanceled: false, compactRevision: 0n, cancelReason: '', events: [] };
  readFields(message, (field, value) => {
    if (field === 4) response.isCanceled = value.flag();
    else if (field === 5) response.compactRevision = value.integer();
    else if (field === 6) response.cancelReason = value.bytes().toString();
    else if (field === 11) response.events.push(readEvent(value.bytes()));
  });
  return response;
}

function readEvent(message: Buffer): WatchEvent {
  let event: WatchEvent = { isDelete: false, kv: readKeyValue(Buffer.alloc(0)) };
  readFields(message, (field, value) => {
    if (field === 1) event.isDelete = value.flag();
    else if (field === 2) event.kv = readKeyValue(value.bytes());
    else if (field === 3) event = { ...event, previous: readKeyValue(value.bytes()) };
  });
  return event;
}
