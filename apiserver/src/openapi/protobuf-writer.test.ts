import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ProtobufWriter, protobufWriter } from './protobuf-writer.ts';

const hex = (write: (out: ProtobufWriter) => void): string => {
  const out = protobufWriter();
  write(out);
  return out.written().toString('hex');
};

describe('bytes of protobuf', () => {
  const numbers: [value: number, bytes: string][] = [
    [0, '00'],
    [1, '01'],
    [127, '7f'],
    [128, '8001'],
    [150, '9601'],
    [2 ** 31, '8080808008'],
    [2 ** 32, '8080808010'],
    [Number.MAX_SAFE_INTEGER, 'ffffffffffffff0f'],
    [2 ** 60, '808080808080808010'],
    [-1, 'ffffffffffffffffff01'],
    [-150, 'eafeffffffffffffff01'],
  ];
  for (const [value, bytes] of numbers)
    it(`writes ${value} as ${bytes}`, () =>
      assert.equal(
        hex((out) => out.integer(1, value)),
        `08${bytes}`,
      ));

  it('writes truth, fractions, text and the numbers of fields above 15', () => {
    assert.equal(
      hex((out) => out.flag(2, true)),
      '1001',
    );
    assert.equal(
      hex((out) => out.flag(2, false)),
      '1000',
    );
    assert.equal(
      hex((out) => out.double(3, -1.5)),
      '19000000000000f8bf',
    );
    assert.equal(
      hex((out) => out.text(16, 'aé')),
      '82010361c3a9',
    );
  });

  it('holds a message of any size, behind what is written later', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300_000 }), fc.string({ unit: 'binary' }), (count, first) => {
        const out = protobufWriter();
        out.text(1, 'x'.repeat(count));
        const length = out.length();
        out.frame(2, length);
        out.text(1, first);
        const bytes = out.written();
        assert.equal(bytes.length, out.length());
        assert.equal(bytes.subarray(-count || bytes.length).toString(), 'x'.repeat(count));
        assert.equal(bytes.subarray(2, 2 + Buffer.byteLength(first)).toString(), Buffer.from(first).toString());
      }),
      { numRuns: 50 },
    );
  });
});
