import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { frame, frameReader } from './frames.ts';
import { GrpcError } from './grpc-error.ts';

const reading = (limit = 1_000) => {
  const messages: Buffer[] = [];
  return { messages, reader: frameReader(limit, (message) => messages.push(message)) };
};

it('frames a message: not compressed, its length in four bytes, its pieces', () => {
  assert.equal(frame([Buffer.from('ab'), Buffer.from('c')]).toString('hex'), '0000000003616263');
  assert.equal(frame([]).toString('hex'), '0000000000');
});

it('reads the same messages, however their bytes arrive', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.array(fc.nat({ max: 400 })), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map((message) => frame([message])));
      const { messages, reader } = reading();
      let start = 0;
      for (const cut of [...cuts.filter((at) => at < bytes.length).sort((a, b) => a - b), bytes.length]) {
        reader.push(bytes.subarray(start, cut));
        start = cut;
      }
      assert.deepEqual(
        messages,
        sent.map((each) => Buffer.from(each)),
      );
      assert.ok(reader.isBetweenFrames());
    }),
  );
});

it('says when it is within a message', () => {
  const { reader } = reading();
  reader.push(Buffer.from('00000000', 'hex'));
  assert.equal(reader.isBetweenFrames(), false);
  reader.push(Buffer.from('02aa', 'hex'));
  assert.equal(reader.isBetweenFrames(), false);
  reader.push(Buffer.from('bb', 'hex'));
  assert.ok(reader.isBetweenFrames());
});

it('refuses a length beyond the limit, and what is compressed, as soon as the head is there', () => {
  assert.throws(
    () => reading(2).reader.push(Buffer.from('0000000003', 'hex')),
    (error) => error instanceof GrpcError && error.code === 8,
  );
  assert.throws(
    () => reading().reader.push(Buffer.from('0100000001', 'hex')),
    (error) => error instanceof GrpcError && error.code === 13,
  );
});
