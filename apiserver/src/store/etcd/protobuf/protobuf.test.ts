import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { bytesField, chosenIntegerField, flagField, integerField, messageField, type Pieces } from './fields.ts';
import { ProtobufError, readFields } from './read-fields.ts';

const hexOf = (...fields: Pieces[]): string => Buffer.concat(fields.flat()).toString('hex');

type Field = { field: number } & ({ integer: bigint } | { bytes: Uint8Array } | { message: Field[] });

const fieldNumber = fc.integer({ min: 1, max: 2 ** 29 - 1 });

const { fields } = fc.letrec<{ fields: Field[] }>((tie) => ({
  fields: fc.array(
    fc.oneof(
      { depthSize: 'small' },
      fc.record({ field: fieldNumber, integer: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
      fc.record({ field: fieldNumber, bytes: fc.uint8Array({ minLength: 1 }) }),
      fc.record({ field: fieldNumber, message: tie('fields') }),
    ),
    { maxLength: 6 },
  ),
}));

const written = (message: Field[]): Pieces =>
  message.flatMap((each) => {
    if ('integer' in each) return chosenIntegerField(each.field, each.integer);
    if ('bytes' in each) return bytesField(each.field, each.bytes);
    return messageField(each.field, written(each.message));
  });

/** Reads what must look like `expected`. */
function assertReads(message: Buffer, expected: Field[]): void {
  let at = 0;
  readFields(message, (field, value) => {
    const each = expected[at++]!;
    assert.equal(field, each.field);
    if ('integer' in each) assert.equal(value.integer(), each.integer);
    else if ('bytes' in each) assert.deepEqual(value.bytes(), Buffer.from(each.bytes));
    else assertReads(value.bytes(), each.message);
  });
  assert.equal(at, expected.length);
}

it('writes the bytes that the encoding of protobuf defines', () => {
  assert.equal(hexOf(integerField(1, 150)), '089601');
  assert.equal(hexOf(integerField(1, 127n), integerField(16, 128n)), '087f80018001');
  assert.equal(hexOf(integerField(3, -1n)), '18ffffffffffffffffff01');
  assert.equal(hexOf(integerField(3, 2n ** 53n + 1n)), '188180808080808010');
  assert.equal(hexOf(bytesField(2, Buffer.from('testing'))), '120774657374696e67');
  assert.equal(hexOf(messageField(3, integerField(1, 150))), '1a03089601');
  assert.equal(hexOf(flagField(4, true)), '2001');
});

it('leaves out what a reader assumes anyway, unless it was chosen', () => {
  assert.equal(hexOf(integerField(1, 0n), integerField(1, 0), flagField(2, false), bytesField(3, Buffer.alloc(0))), '');
  assert.equal(hexOf(chosenIntegerField(6, 0n), messageField(7)), '30003a00');
});

it('reads what it wrote, whatever the fields', () => {
  fc.assert(fc.property(fields, (message) => assertReads(Buffer.concat(written(message)), message)));
});

it('skips what nobody asks for, of every wire type', () => {
  const message = Buffer.from(`${'0896ffff01'}${'110102030405060708'}${'1a03aabbcc'}${'2501020304'}${'2807'}`, 'hex');
  const seen: number[] = [];
  let last: bigint | undefined;
  readFields(message, (field, value) => {
    seen.push(field);
    if (field === 5) last = value.integer();
  });
  assert.deepEqual([seen, last], [[1, 2, 3, 4, 5], 7n]);
});

it('refuses what is cut short, too long or of another type, and never reads beyond the end', () => {
  const read = (hex: string) => readFields(Buffer.from(hex, 'hex'), (field, value) => field === 1 && value.bytes());
  for (const hex of ['0a', '0a05616263', '0affffffffffffffffff01', '10', '1080', '11010203', '0801', '0b', '10ffffffffffffffffffff01']) {
    assert.throws(() => read(hex), ProtobufError, hex);
  }
});

it('survives any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        readFields(Buffer.from(bytes), (field, value) => (field % 2 === 0 ? value.integer() : undefined));
      } catch (error) {
        assert.ok(error instanceof ProtobufError, String(error));
      }
    }),
  );
});
