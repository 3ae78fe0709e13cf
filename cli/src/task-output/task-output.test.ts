import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSince } from '../commands/task-logs.ts';
import { outputWriter } from './output-writer.ts';

const line = (stream: 'stdout' | 'stderr', text: string) => ({ stream, timeNs: 1_500_000_001n, bytes: Buffer.from(text) });

describe('output on a terminal', () => {
  const writing = (hasTimes: boolean) => {
    const said: string[] = [];
    const writer = outputWriter(
      {
        writeBytes: async (bytes) => void said.push(`out ${Buffer.from(bytes)}`),
        writeErrorBytes: async (bytes) => void said.push(`err ${Buffer.from(bytes)}`),
      },
      hasTimes,
    );
    return { said, writer };
  };

  it('goes to the stream that it was written to, what comes together in one piece', async () => {
    const { said, writer } = writing(false);
    await writer.write([line('stdout', 'a\n'), line('stdout', 'b\n'), line('stderr', 'c\n'), line('stdout', 'd\n')]);
    assert.deepEqual(said, ['out a\nb\n', 'err c\n', 'out d\n']);
  });

  it('has a time before each line, and none within a long one that comes in pieces', async () => {
    const { said, writer } = writing(true);
    await writer.write([line('stdout', 'lo')]);
    await writer.write([line('stderr', 'x\n'), line('stdout', 'ng\n'), line('stdout', 'b\n')]);
    const at = '1970-01-01T00:00:01.500000001Z';
    assert.deepEqual(said, [`out ${at} lo`, `err ${at} x\n`, `out ng\n${at} b\n`]);
  });
});

describe('since when', () => {
  it('is a duration before now, or a time', () => {
    assert.equal(parseSince('10m', 600_000), 0n);
    assert.equal(parseSince('1970-01-01T00:00:01Z', 0), 1_000_000_000n);
    assert.throws(() => parseSince('yesterday', 0), /is no duration/);
    assert.throws(() => parseSince('2026-99-99', 0), /is no time/);
  });
});
