import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { keptOutput } from './keep-output.ts';
import type { OutputLine } from './output-line.ts';
import { formatStamp, parseFrames, parseStamp } from './stamped-line.ts';

const dir = mkdtempSync(join(tmpdir(), 'river-output-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const line = (stream: OutputLine['stream'], at: number, text = `${stream} ${at}\n`): OutputLine => ({
  stream,
  timeNs: BigInt(at),
  bytes: Buffer.from(text),
});
const from = async function* (lines: OutputLine[]) {
  yield* lines;
};
const texts = async (lines: AsyncIterable<OutputLine>) => (await Array.fromAsync(lines)).map(({ bytes }) => bytes.toString().trim());

describe('kept output', () => {
  const kept = keptOutput({ dir, mostBytes: 100_000 });

  it('gives back what was kept: both streams, in order, by time and from the end', async () => {
    const lines = [line('stdout', 1), line('stderr', 2), line('stdout', 3), line('stdout', 4)];
    await kept.keep('u1', from(lines), 1000, 10_000);
    assert.deepEqual(await Array.fromAsync(kept.read('u1', {})), lines);
    assert.deepEqual(await texts(kept.read('u1', { streams: ['stderr'] })), ['stderr 2']);
    assert.deepEqual(await texts(kept.read('u1', { sinceNs: 2n })), ['stdout 3', 'stdout 4']);
    assert.deepEqual(await texts(kept.read('u1', { tail: 1, streams: ['stdout'] })), ['stdout 4']);
  });

  it('keeps the newest of each stream, and lets no stream push out the other', async () => {
    const lines = [line('stderr', 1), ...Array.from({ length: 1000 }, (_, at) => line('stdout', at + 2))];
    await kept.keep('u2', from(lines), 110, 10_000);
    const left = await texts(kept.read('u2', {}));
    assert.deepEqual([left[0], left.length, left.at(-1)], ['stderr 1', 10, 'stdout 1001']);
  });

  it('lets go of what is over its time, and of the oldest when it is too much', async () => {
    await kept.keep('u3', from([line('stdout', 1, 'x'.repeat(60_000))]), 100_000, 20_000);
    await kept.keep('u4', from([line('stdout', 1, 'x'.repeat(60_000))]), 100_000, 30_000);
    kept.sweep(5_000);
    assert.deepEqual(['u1', 'u2', 'u3', 'u4'].map(kept.has), [false, false, false, true]);
    kept.sweep(30_000);
    assert.equal(kept.has('u4'), false);
  });
});

describe('stamps', () => {
  it('are read to the nanosecond as they are written', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }), (ns) => parseStamp(formatStamp(ns)) === ns));
  });

  it('are found in frames however these are cut', async () => {
    const text = Buffer.from('2026-01-01T00:00:00.5Z hi there\n');
    const frame = Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, text.length]), text]);
    const all = Buffer.concat([frame, frame]);
    for (let at = 0; at <= all.length; at++) {
      const chunks = async function* () {
        yield all.subarray(0, at);
        yield all.subarray(at);
      };
      assert.deepEqual(await texts(parseFrames(chunks())), ['hi there', 'hi there']);
    }
  });
});
