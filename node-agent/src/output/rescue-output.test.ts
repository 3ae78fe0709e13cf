import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { manualClock } from '@river/runtime';
import type { OutputLine, OutputQuery } from './output-line.ts';
import { type OutputPipe, rescuedOutput } from './rescue-output.ts';

describe('output while the engine is away', () => {
  let dir: string;
  let pipe: string;
  let writer: number;
  const clock = manualClock();
  const nowNs = () => BigInt(clock.wallMs()) * 1_000_000n;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'river-rescue-'));
    pipe = join(dir, 'pipe');
    execFileSync('mkfifo', [pipe]);
    // As the shim does: it holds both ends.
    writer = openSync(pipe, constants.O_RDWR);
  });
  afterEach(() => {
    closeSync(writer);
    rmSync(dir, { recursive: true, force: true });
  });
  const rescued = (pipes: OutputPipe[] = [{ containerId: 'c1', stream: 'stdout', path: pipe }]) =>
    rescuedOutput({ dir: join(dir, 'rescued'), findPipes: () => pipes, clock });
  const line = (text: string, timeNs: bigint, stream: OutputLine['stream'] = 'stdout'): OutputLine => ({
    stream,
    timeNs,
    bytes: Buffer.from(`${text}\n`),
  });
  /** What the engine has of it. */
  const engine = (lines: OutputLine[], asked: OutputQuery[] = []) =>
    async function* (query: OutputQuery) {
      asked.push(query);
      for (const each of lines) if (each.timeNs > (query.sinceNs ?? -1n)) yield each;
    };
  const textOf = async (lines: AsyncIterable<OutputLine>) => (await Array.fromAsync(lines)).map(({ bytes }) => bytes.toString().trimEnd());
  /** Writes while it is held, and lets go. */
  const hold = async (output: ReturnType<typeof rescued>, ...texts: string[]) => {
    const end = new AbortController();
    const held = output.hold(end.signal);
    for (const text of texts) writeSync(writer, text);
    end.abort();
    await held;
    output.end();
  };

  it('is kept, whole lines and what is left of one, and stands between what the engine had before and after', async () => {
    const output = rescued();
    const before = line('before', nowNs() - 1n);
    clock.advance(1_000);
    await hold(output, 'one\ntwo\nhal', 'f');
    clock.advance(1_000);
    const after = line('after', nowNs());
    assert.deepEqual(await textOf(rescued().merge('c1', {}, engine([before, after]))), ['before', 'one', 'two', 'half', 'after']);
  });

  it('is taken up by the next absence', async () => {
    const output = rescued();
    await hold(output, 'one\n');
    clock.advance(1_000);
    await hold(output, 'two\n');
    assert.deepEqual(await textOf(output.merge('c1', {}, engine([]))), ['one', 'two']);
  });

  it('follows what is asked for: streams, the last lines, what came since, and what comes', async () => {
    const output = rescued();
    const sinceNs = nowNs();
    clock.advance(1_000);
    await hold(output, 'one\ntwo\n');
    clock.advance(1_000);
    const later = [line('three', nowNs())];
    assert.deepEqual(await textOf(output.merge('c1', { tail: 2 }, engine(later))), ['two', 'three']);
    assert.deepEqual(await textOf(output.merge('c1', { streams: ['stderr'] }, engine([]))), []);
    const asked: OutputQuery[] = [];
    assert.deepEqual(await textOf(output.merge('c1', { sinceNs, follow: true }, engine(later, asked))), ['one', 'two', 'three']);
    assert.deepEqual(asked, [{ sinceNs }, { sinceNs: later[0]?.timeNs, follow: true }]);
  });

  it('is there also when it was said before anybody noticed, by what is gone since', async () => {
    const output = rescued();
    output.take();
    writeSync(writer, 'last words\n');
    closeSync(writer);
    rmSync(pipe);
    await output.hold(AbortSignal.abort());
    output.end();
    assert.deepEqual(await textOf(output.merge('c1', {}, engine([]))), ['last words']);
    writer = openSync(dir, constants.O_RDONLY);
  });

  it('is left to the engine from when it is back, but for what has ended', () => {
    const pipes: OutputPipe[] = [{ containerId: 'c1', stream: 'stdout', path: pipe }];
    const output = rescued(pipes);
    output.take();
    writeSync(writer, 'for the engine\n');
    output.end();
    assert.equal(existsSync(join(dir, 'rescued/c1.log')), false);
    pipes.pop();
    output.end();
    assert.equal(existsSync(join(dir, 'rescued/c1.log')), true);
  });

  it('is the engine’s alone for who was not there then, and for who has gone', async () => {
    const output = rescued();
    await hold(output, 'one\n');
    const asked: OutputQuery[] = [];
    await textOf(output.merge('c2', { tail: 3 }, engine([], asked)));
    output.remove('c1');
    await textOf(output.merge('c1', { tail: 3 }, engine([], asked)));
    assert.deepEqual(asked, [{ tail: 3 }, { tail: 3 }]);
  });

  it('goes with a container that somebody else has removed', async () => {
    const output = rescued();
    await hold(output, 'one\n');
    output.keepOnly(['c1']);
    assert.deepEqual(await textOf(output.merge('c1', {}, engine([]))), ['one']);
    output.keepOnly([]);
    assert.deepEqual(await textOf(output.merge('c1', {}, engine([]))), []);
  });

  it('of a container that is gone before it is looked at is nothing', async () => {
    await hold(rescued([{ containerId: 'c1', stream: 'stdout', path: join(dir, 'gone') }]));
  });
});
