import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { durationMs } from '../duration/duration.ts';
import { parseQuantity } from '../quantity/quantity.ts';
import { duration, quantity } from './field.ts';

const isTaken = (field: { safeParse(value: unknown): { success: boolean } }, value: unknown) => field.safeParse(value).success;

describe('an amount that is taken', () => {
  it('is one that is understood, whatever it is', () => {
    const text = fc.stringMatching(/^[+-]?[0-9.]{0,5}[eEinumkKMGTP]{0,3}[-+]?[0-9]{0,3}$/);
    fc.assert(
      fc.property(text, (written) => {
        if (isTaken(quantity(), written)) assert.ok(parseQuantity(written).nano >= 0n);
      }),
      { numRuns: 5_000 },
    );
  });

  it('is what people write, and nothing that only looks like it', () => {
    for (const good of ['1', '500m', '1.5', '.5', '16Gi', '1e3', '2E', 4]) assert.ok(isTaken(quantity(), good), String(good));
    for (const bad of ['5K', '16iG', '1..2', '.', '', '-1', -1, '1Gi2', 'NaN']) assert.ok(!isTaken(quantity(), bad), String(bad));
  });
});

describe('a length of time that is taken', () => {
  it('is one that is understood, however it is put together', () => {
    const part = fc.stringMatching(/^[0-9]{1,15}(\.[0-9]{1,9})?(ns|us|µs|ms|s|m|h)$/);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 12 }), (parts) => {
        const written = parts.join('');
        if (isTaken(duration(), written)) assert.ok(durationMs(written) >= 0);
      }),
      { numRuns: 5_000 },
    );
    const longest = ['99999h'.repeat(10), '999999m'.repeat(9), '999999999s'.repeat(6), '999999999999ms'.repeat(4)];
    for (const written of longest) assert.ok(!isTaken(duration(), written) || durationMs(written) > 0);
    assert.ok(!isTaken(duration(), '9999999999h'));
  });
});
