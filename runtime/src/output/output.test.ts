import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { beatFrame, frameReader, outputFrame } from './output-frames.ts';
import type { OutputLine } from './output-line.ts';
import { outputPosition } from './output-position.ts';

const line = (stream: OutputLine['stream'], at: number, text = `${stream} ${at}`): OutputLine => ({
  stream,
  timeNs: BigInt(at),
  bytes: Buffer.from(text),
});
const second = 1_000_000_000;

describe('frames of output', () => {
  const lines = fc.array(
    fc.record(
      {
        stream: fc.constantFrom('stdout' as const, 'stderr' as const),
        timeNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        bytes: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      },
      { noNullPrototype: true },
    ),
    { maxLength: 8 },
  );

  it('give back every byte however they are cut, whatever stands between', () => {
    fc.assert(
      fc.property(lines, fc.array(fc.nat(600), { maxLength: 5 }), (sent, cuts) => {
        const all = Buffer.concat(sent.flatMap((each) => [outputFrame(each), beatFrame]));
        const reader = frameReader();
        const at = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length];
        const got = at.slice(1).flatMap((end, index) => reader.read(all.subarray(at[index], end)));
        assert.deepEqual(got, sent);
        assert.equal(reader.isAtEnd, true);
      }),
    );
  });

  it('know an unfinished frame, and refuse one that no line can fill', () => {
    const reader = frameReader();
    reader.read(outputFrame(line('stdout', 1)).subarray(0, 17));
    assert.equal(reader.isAtEnd, false);
    assert.throws(() => frameReader().read(Buffer.alloc(16, 0xff)), /more than a line can have/);
  });
});

describe('a position in output', () => {
  /** What a node answers. */
  const answer = (all: readonly OutputLine[], { sinceNs = -1n, tail }: { sinceNs?: bigint; tail?: number }) => {
    const some = all.filter(({ timeNs }) => timeNs > sinceNs);
    return tail === undefined ? some : some.slice(-tail);
  };

  it('goes on after any cut: each line once, also where many share a time and streams are a little out of order', () => {
    const output = fc
      .array(fc.record({ isError: fc.boolean(), step: fc.constantFrom(0, 0, 1, second, 3 * second) }), { maxLength: 30 })
      .map((steps) => {
        let at = 10 * second;
        return steps.map(({ isError, step }, index) => {
          at += step;
          // The other stream's time was taken a little earlier.
          return line(isError ? 'stderr' : 'stdout', isError ? at - 1000 : at, String(index));
        });
      });
    fc.assert(
      fc.property(output, fc.array(fc.nat(40), { maxLength: 6 }), (all, cuts) => {
        const position = outputPosition({});
        const got: OutputLine[] = [];
        for (const cut of [...cuts, Number.POSITIVE_INFINITY]) {
          const isNew = position.reading();
          got.push(...answer(all, position.query()).slice(0, cut).filter(isNew));
        }
        assert.deepEqual(
          got.map(({ bytes }) => bytes.toString()),
          all.map(({ bytes }) => bytes.toString()),
        );
      }),
    );
  });

  it('brings back nothing that a tail has left out', () => {
    const all = [line('stderr', 5 * second), line('stdout', 5 * second + 1), line('stdout', 5 * second + 2)];
    const position = outputPosition({ tail: 2 });
    const first = position.reading();
    assert.equal(answer(all, position.query()).slice(0, 1).filter(first).length, 1);
    const second_ = position.reading();
    assert.deepEqual(answer(all, position.query()).filter(second_), [all[2]]);
  });

  it('lets a clock go back while nothing was cut', () => {
    const isNew = outputPosition({}).reading();
    assert.deepEqual([line('stdout', 5), line('stdout', 3), line('stdout', 4)].map(isNew), [true, true, true]);
  });
});
