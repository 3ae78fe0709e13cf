import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  isQuantity,
  parseQuantity,
  QuantityError,
  type QuantityFormat,
  quantityMillis,
  quantityUnits,
  subtractQuantities,
} from './quantity.ts';

const canonical: [string | number, string][] = [
  ['0', '0'],
  ['0Ki', '0'],
  ['-0', '0'],
  ['1', '1'],
  [1, '1'],
  [0.5, '500m'],
  ['+5', '5'],
  ['1.', '1'],
  ['.5', '500m'],
  ['0.500', '500m'],
  ['1500m', '1500m'],
  ['2000m', '2'],
  ['1000', '1k'],
  ['1024', '1024'],
  ['1024000', '1024k'],
  ['1Ki', '1Ki'],
  ['1024Ki', '1Mi'],
  ['1.5Gi', '1536Mi'],
  ['0.5Ki', '512'],
  ['0.1Ki', '102400m'],
  ['1.5Ki', '1536'],
  ['1e3', '1e3'],
  ['1E3', '1e3'],
  ['12e4', '120e3'],
  ['1e-3', '1e-3'],
  ['1e2', '100'],
  ['1E', '1E'],
  ['100u', '100u'],
  ['1n', '1n'],
  ['0.1n', '1n'],
  ['-0.1n', '-1n'],
  ['0.0000000001', '1n'],
  ['-1.5Gi', '-1536Mi'],
  ['9223372036854775807', '9223372036854775807'],
  ['9223372036854775808', '9223372036854775807'],
  ['8Ei', '9223372036854775807'],
  ['1e99999999999', '9223372036854775807'],
  ['1e-99999999999', '1e-9'],
];

const wrong = [
  '',
  ' ',
  'a',
  '.',
  '+',
  '1 Gi',
  '1gi',
  '1ki',
  '1KI',
  '1K i',
  '1e',
  '1e+',
  '.Ki',
  '--1',
  '1..2',
  '1K',
  '1Gi1',
  '0x1',
  '1,5',
  '1'.repeat(300),
];

const formats = fc.constantFrom<QuantityFormat>('BinarySI', 'DecimalSI', 'DecimalExponent');
const limit = (2n ** 63n - 1n) * 1_000_000_000n;
const quantities = fc.record({ nano: fc.bigInt({ min: -limit, max: limit }), format: formats });

describe('a quantity', () => {
  for (const [text, expected] of canonical) it(`${text} is written ${expected}`, () => assert.equal(canonicalQuantity(text), expected));

  for (const text of wrong) {
    it(`is not ${JSON.stringify(text.slice(0, 12))}`, () => {
      assert.equal(isQuantity(text), false);
      assert.throws(() => parseQuantity(text), QuantityError);
    });
  }

  it('is read back as the same amount', () => {
    fc.assert(fc.property(quantities, (quantity) => parseQuantity(formatQuantity(quantity)).nano === quantity.nano));
  });

  it('has one canonical form', () => {
    fc.assert(
      fc.property(quantities, (quantity) => {
        const text = formatQuantity(quantity);
        return canonicalQuantity(text) === text;
      }),
    );
  });

  it('never throws anything but QuantityError, and answers as isQuantity does', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^[+-]?[0-9.]{0,5}[eEinumkKMGTP]{0,2}[-+]?[0-9]{0,4}$/));
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseQuantity(text);
          return isQuantity(text);
        } catch (error) {
          return error instanceof QuantityError && !isQuantity(text);
        }
      }),
    );
  });

  it('adds and subtracts exactly', () => {
    const small = fc.record({ nano: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), format: formats });
    fc.assert(fc.property(small, small, (a, b) => subtractQuantities(addQuantities(a, b), b).nano === a.nano));
    assert.equal(formatQuantity(addQuantities(parseQuantity('0.1'), parseQuantity('0.2'))), '300m');
  });

  it('keeps the form of the first of a sum, unless that is nothing', () => {
    assert.equal(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('1024M'))), '2048576Ki');
    assert.equal(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('1073741824'))), '2Gi');
    assert.equal(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Gi'))), '1Gi');
  });

  it('compares across forms', () => {
    assert.equal(compareQuantities(parseQuantity('1Gi'), parseQuantity('1G')), 1);
    assert.equal(compareQuantities(parseQuantity('1'), parseQuantity('1000m')), 0);
    assert.equal(compareQuantities(parseQuantity('-1'), parseQuantity('1n')), -1);
  });

  it('gives whole units and thousandths, rounded up', () => {
    assert.equal(quantityUnits(parseQuantity('1500m')), 2n);
    assert.equal(quantityUnits(parseQuantity('1Gi')), 1_073_741_824n);
    assert.equal(quantityMillis(parseQuantity('1.5')), 1500n);
    assert.equal(quantityMillis(parseQuantity('1u')), 1n);
  });
});
