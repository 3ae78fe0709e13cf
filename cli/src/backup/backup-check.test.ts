import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { backupCheck } from './backup-check.ts';

const whole = (values: readonly string[]): Buffer => {
  const body = [{ format: 'river-backup', version: 1, revision: '7' }, ...values.map((value, at) => ({ key: `/k/${at}`, value }))]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
  const sha256 = createHash('sha256').update(body).digest('hex');
  return Buffer.from(`${body}${JSON.stringify({ entries: values.length, sha256 })}\n`);
};

const judge = (bytes: Buffer, cuts: readonly number[] = []) => {
  const check = backupCheck();
  let from = 0;
  for (const cut of [...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    check.add(bytes.subarray(from, cut));
    from = cut;
  }
  return check.finish();
};

describe('backupCheck', () => {
  it('believes a whole backup, however it comes in pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 20 }), fc.array(fc.nat()), (values, cuts) => {
        assert.deepEqual(judge(whole(values), cuts), { entries: values.length, revision: '7', isSealed: false });
      }),
    );
  });

  it('believes none that was cut short or altered anywhere', () => {
    const bytes = whole(['a', 'b']);
    const refuses = (altered: Buffer) => assert.throws(() => judge(altered), { name: 'CommandError', message: /not a whole backup/ });
    for (let length = 0; length < bytes.length - 1; length++) refuses(bytes.subarray(0, length));
    for (let at = 0; at < bytes.length - 1; at++) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 1;
      refuses(altered);
    }
    refuses(Buffer.concat([bytes, Buffer.from('{}\n')]));
  });
});
