import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DurationError, durationMs, formatDuration, parseDuration } from './duration.ts';

const read: [string, bigint, string][] = [
  ['0', 0n, '0s'],
  ['0s', 0n, '0s'],
  ['+5s', 5_000_000_000n, '5s'],
  ['-2m', -120_000_000_000n, '-2m0s'],
  ['90s', 90_000_000_000n, '1m30s'],
  ['1h', 3_600_000_000_000n, '1h0m0s'],
  ['1h15m30.918s', 4_530_918_000_000n, '1h15m30.918s'],
  ['1.5h', 5_400_000_000_000n, '1h30m0s'],
  ['.5s', 500_000_000n, '500ms'],
  ['1.s', 1_000_000_000n, '1s'],
  ['2ms', 2_000_000n, '2ms'],
  ['1.1us', 1_100n, '1.1µs'],
  ['3µs', 3_000n, '3µs'],
  ['3μs', 3_000n, '3µs'],
  ['7ns', 7n, '7ns'],
  ['5s3s', 8_000_000_000n, '8s'],
  ['9223372036854775807ns', 2n ** 63n - 1n, '2562047h47m16.854775807s'],
  ['-9223372036854775808ns', -(2n ** 63n), '-2562047h47m16.854775808s'],
];

const refused: [string, string][] = [
  ['', 'time: invalid duration ""'],
  ['-', 'time: invalid duration "-"'],
  ['s', 'time: invalid duration "s"'],
  ['.', 'time: invalid duration "."'],
  ['.s', 'time: invalid duration ".s"'],
  ['3', 'time: missing unit in duration "3"'],
  ['1h3', 'time: missing unit in duration "1h3"'],
  ['1d', 'time: unknown unit "d" in duration "1d"'],
  ['1 s', 'time: unknown unit " s" in duration "1 s"'],
  ['9223372036854775808ns', 'time: invalid duration "9223372036854775808ns"'],
];

describe('a duration', () => {
  for (const [text, nanos, written] of read) {
    it(`${text} is written ${written}`, () => {
      assert.equal(parseDuration(text), nanos);
      assert.equal(formatDuration(nanos), written);
    });
  }

  for (const [text, message] of refused) {
    it(`is not ${JSON.stringify(text)}`, () => assert.throws(() => parseDuration(text), new DurationError(message)));
  }

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (nanos) => parseDuration(formatDuration(nanos)) === nanos),
    );
  });

  it('never throws anything but DurationError', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^[-+]?([0-9.]{0,4}[numhsµd]{0,2}){0,3}$/));
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseDuration(text);
          return true;
        } catch (error) {
          return error instanceof DurationError;
        }
      }),
    );
  });

  it('is given in milliseconds for timers', () => assert.equal(durationMs('1m0.25s'), 60_250));
});
