import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { lineCounter } from './watchers.ts';
import { answerReader } from './wire.ts';

const chunked = (parts: readonly string[]) =>
  `${parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`;
const part = fc.string({ minLength: 1, maxLength: 40, unit: 'binary' });

function cut(bytes: Buffer, edges: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...edges.map((edge) => edge % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end));
}

it('reads the same answers however the connection cuts them', () => {
  const answer = fc.record({
    isChunked: fc.boolean(),
    parts: fc.array(part, { maxLength: 5 }),
    status: fc.integer({ min: 200, max: 599 }),
  });
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(), { maxLength: 30 }), (answers, edges) => {
      const text = answers.map(({ isChunked, parts, status }) => {
        const body = parts.join('');
        const head = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${Buffer.byteLength(body)}`;
        return `HTTP/1.1 ${status} Some\r\n${head}\r\n\r\n${isChunked ? chunked(parts) : body}`;
      });
      const read: { status: number; body: string }[] = [];
      const take = answerReader(({ status, body }) => read.push({ status, body: body.toString() }));
      for (const piece of cut(Buffer.from(text.join('')), edges)) take(piece);
      assert.deepEqual(
        read,
        answers.map(({ status, parts }) => ({ status, body: parts.join('') })),
      );
    }),
  );
});

it('counts the events of a watch and not the line ends of its chunks, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 50 }), { maxLength: 10 }), fc.array(fc.nat(), { maxLength: 20 }), (lengths, edges) => {
      const bytes = Buffer.from(chunked(lengths.map((length) => `${JSON.stringify('x'.repeat(length))}\n`)));
      const count = lineCounter();
      assert.equal(
        cut(bytes, edges).reduce((sum, piece) => sum + count(piece), 0),
        lengths.length,
      );
    }),
  );
});
