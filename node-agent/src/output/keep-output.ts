import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { lastOf } from './last-of.ts';
import type { OutputLine, OutputQuery } from './output-line.ts';
import { frameOf, parseFrames } from './stamped-line.ts';

export interface KeptOutputOptions {
  dir: string;
  /** The most that all kept output may take together; what would go soonest goes first. */
  mostBytes?: number;
}

const tenGibibytes = 10 * 2 ** 30;
const extension = '.log';
const pieceBytes = 64 * 1024;
const dayMs = 24 * 60 * 60 * 1000;

/** Output of what has ended, after its container is gone. */
export interface KeptOutput {
  has(uid: string): boolean;
  /** All of it or nothing: a copy that was cut off is made again. Of each stream at most `limitBytes`, the newest. */
  keep(uid: string, lines: AsyncIterable<OutputLine>, limitBytes: number, untilMs: number): Promise<void>;
  read(uid: string, query: OutputQuery): AsyncIterable<OutputLine>;
  /** Removes what is over its time, and what is too much. */
  sweep(nowMs: number): void;
}

export function keptOutput({ dir, mostBytes = tenGibibytes }: KeptOutputOptions): KeptOutput {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const fileOf = (uid: string) => join(dir, `${uid}${extension}`);
  const linesIn = (file: string) => parseFrames(createReadStream(file));
  return {
    has: (uid) => existsSync(fileOf(uid)),
    async keep(uid, lines, limitBytes, untilMs) {
      const [whole, cut] = [`${fileOf(uid)}.new`, `${fileOf(uid)}.cut`];
      const counted = { stdout: 0, stderr: 0 };
      await writeFrames(whole, lines, (line) => {
        counted[line.stream] += line.bytes.length;
        return true;
      });
      const extra = { stdout: counted.stdout - limitBytes, stderr: counted.stderr - limitBytes };
      const isTooMuch = extra.stdout > 0 || extra.stderr > 0;
      if (isTooMuch) await writeFrames(cut, linesIn(whole), (line) => extra[line.stream] <= 0 || !skip(extra, line));
      const done = isTooMuch ? cut : whole;
      // Its time of change says until when it is kept.
      utimesSync(done, untilMs / 1000, untilMs / 1000);
      renameSync(done, fileOf(uid));
      if (isTooMuch) rmSync(whole, { force: true });
    },
    read(uid, query) {
      const { streams, tail, sinceNs } = query;
      const isWanted = (line: OutputLine) => (streams?.includes(line.stream) ?? true) && (sinceNs === undefined || line.timeNs > sinceNs);
      const isWhole = streams === undefined && sinceNs === undefined;
      const lines = () => (isWhole ? linesIn(fileOf(uid)) : only(linesIn(fileOf(uid)), isWanted));
      return tail === undefined ? lines() : lastOf(tail, lines);
    },
    sweep(nowMs) {
      const files = readdirSync(dir).map((name) => ({ name, ...sizeOf(join(dir, name)) }));
      let bytes = files.reduce((sum, { size }) => sum + size, 0);
      for (const { name, untilMs, size } of files.sort((a, b) => a.untilMs - b.untilMs)) {
        // A copy that was cut off is changed by nobody any more.
        const isOver = name.endsWith(extension) ? untilMs <= nowMs || bytes > mostBytes : untilMs <= nowMs - dayMs;
        if (!isOver) continue;
        rmSync(join(dir, name), { force: true });
        bytes -= size;
      }
    },
  };
}

const sizeOf = (file: string) => {
  const { size, mtimeMs } = statSync(file);
  return { size, untilMs: mtimeMs };
};

const skip = (extra: Record<OutputLine['stream'], number>, line: OutputLine): boolean => {
  extra[line.stream] -= line.bytes.length;
  return true;
};

async function* only(lines: AsyncIterable<OutputLine>, isWanted: (line: OutputLine) => boolean): AsyncGenerator<OutputLine> {
  for await (const line of lines) if (isWanted(line)) yield line;
}

/** In the engine's own framing, so that one reader reads both. On disk when this resolves. */
async function writeFrames(file: string, lines: AsyncIterable<OutputLine>, isKept: (line: OutputLine) => boolean): Promise<void> {
  await pipeline(Readable.from(framesOf(lines, isKept)), createWriteStream(file, { mode: 0o600 }));
  const handle = await open(file, 'r');
  await handle.sync();
  await handle.close();
}

/** Many small ones in one piece. */
async function* framesOf(lines: AsyncIterable<OutputLine>, isKept: (line: OutputLine) => boolean): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const line of lines) {
    if (!isKept(line)) continue;
    const frame = frameOf(line);
    pieces.push(frame);
    bytes += frame.length;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(pieces, bytes);
    pieces = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(pieces, bytes);
}
