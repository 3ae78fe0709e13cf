import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Pieces } from '../protobuf/fields.ts';
import { compactionRequest } from './compaction.ts';
import { rangeRequest, readRangeResponse } from './range.ts';
import { readTxnResponse, txnRequest } from './txn.ts';
import { readWatchResponse, watchRequest } from './watch.ts';

const hexOf = (message: Pieces): string => Buffer.concat(message).toString('hex');
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const text = (value: string): Buffer => Buffer.from(value);

/** Of a cluster and a member whose numbers take all 64 bits, at revision 2^53 + 1. */
const HEADER = '0a2108b298eaf1948386fccd0110cdd2918bd2b881cf8e0118818080808080801020';
const REVISION = 2n ** 53n + 1n;
const KV = { key: text('k'), value: text('v'), modRevision: 300n };

it('asks for a range', () => {
  assert.equal(hexOf(rangeRequest({ key: text('a') })), '0a0161');
  const all = { key: text('a'), rangeEnd: text('b'), limit: 500, revision: REVISION, isCountOnly: true };
  assert.equal(hexOf(rangeRequest(all)), '0a016112016218f4032081808080808080104801');
});

it('asks for a txn, with compares that say zero and a txn within', () => {
  const request = txnRequest({
    compare: [
      { key: text('k'), modRevision: 0n },
      { key: text('l'), modRevision: 300n },
    ],
    success: [
      { do: 'put', key: text('k'), value: text('v') },
      { do: 'delete', key: text('l') },
      { do: 'txn', txn: { compare: [{ key: text('m'), modRevision: 0n }], success: [], failure: [{ do: 'delete', key: text('m') }] } },
    ],
    failure: [{ do: 'get', key: text('k') }],
  });
  const parts = [
    '0a0710021a016b3000',
    '0a0810021a016c30ac02',
    '120812060a016b120176',
    '12051a030a016c',
    '121222100a0710021a016d30001a051a030a016d',
    '1a050a030a016b',
  ];
  assert.equal(hexOf(request), parts.join(''));
});

it('asks for a compaction and for a watch', () => {
  assert.equal(hexOf(compactionRequest(300n)), '08ac02');
  assert.equal(hexOf(watchRequest({ key: text('a'), rangeEnd: text('b'), startRevision: 300n })), '0a0b0a016112016218ac023001');
});

it('reads a range', () => {
  const response = readRangeResponse(bytes(`${HEADER}02120f0a016b100718ac0220022a01763005180120e807`));
  assert.deepEqual(response, { revision: REVISION, kvs: [KV], more: true, count: 1000 });
  assert.deepEqual(readRangeResponse(bytes('')), { revision: 0n, kvs: [], more: false, count: 0 });
});

it('reads what the steps of a txn found, in their order', () => {
  const failed = `${HEADER}0210001a190a170a021803120f0a016b100718ac0220022a0176300520011a040a020a001a0612040a021804`;
  assert.deepEqual(readTxnResponse(bytes(failed)), { revision: REVISION, succeeded: false, found: [KV, undefined, undefined] });
  assert.deepEqual(readTxnResponse(bytes('0a02180510011a021200')), { revision: 5n, succeeded: true, found: [undefined] });
});

it('reads the events of a watch, and why it was canceled', () => {
  const put = '5a240800120f0a016b100718ac0220022a017630051a0f0a016b100718ab0220022a01763005';
  const removed = '5a0a080112060a016418ad02';
  assert.deepEqual(readWatchResponse(bytes(`${HEADER}021001${put}${removed}`)), {
    isCanceled: false,
    compactRevision: 0n,
    cancelReason: '',
    events: [
      { isDelete: false, kv: KV, previous: { ...KV, modRevision: 299n } },
      { isDelete: true, kv: { key: text('d'), value: text(''), modRevision: 301n } },
    ],
  });
  const canceled = readWatchResponse(bytes(`${HEADER}021801200128ac023204676f6e65`));
  assert.deepEqual(canceled, { isCanceled: true, compactRevision: 300n, cancelReason: 'gone', events: [] });
});
