import {
  appendFileSync,
  closeSync,
  constants,
  createReadStream,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Clock, sleep } from '@river/runtime';
import { lastOf } from './last-of.ts';
import type { OutputLine, OutputQuery } from './output-line.ts';
import { frameOf, parseFrames } from './stamped-line.ts';

/** A pipe by which a container's stream goes to the engine. */
export interface OutputPipe {
  containerId: string;
  stream: OutputLine['stream'];
  path: string;
}

export interface RescuingOutput {
  dir: string;
  /** Of this node's containers that run now, without asking the engine. */
  findPipes: () => OutputPipe[];
  clock: Clock;
}

/** What containers said while the engine was away. An engine that comes back takes up what still runs and drops the pipes of what has ended meanwhile, with all that was in them. */
export interface RescuedOutput {
  /** Holds the pipes of what runs now, so that nothing in them goes when their container does; reads nothing. To be called when one has started. */
  take(): void;
  /** To be called when the engine is found to be away; reads until the signal, which says that it begins again. */
  hold(signal: AbortSignal): Promise<void>;
  /** To be called when the engine is back: it has taken up what still runs, and nobody but us reads what has ended meanwhile. */
  end(): void;
  /** Both parts as one. `ofEngine` gives the engine's. */
  merge(containerId: string, query: OutputQuery, ofEngine: (query: OutputQuery) => AsyncIterable<OutputLine>): AsyncIterable<OutputLine>;
  remove(containerId: string): void;
  /** What belongs to none of these goes. */
  keepOnly(containerIds: readonly string[]): void;
}

const readEveryMs = 20;
const chunkBytes = 1 << 16;
/** As much as is read of one stream before others have their turn. */
const turnBytes = 1 << 20;
/** As much as is kept of one stream for one absence. From then on its pipe fills, and its writer waits for the engine. */
const mostBytes = 64 << 20;

export function rescuedOutput({ dir, findPipes, clock }: RescuingOutput): RescuedOutput {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const fileOf = (id: string) => join(dir, `${id}.log`);
  const readers = new Map<string, ReturnType<typeof pipeReader>>();
  const take = () => {
    for (const pipe of findPipes()) {
      const key = `${pipe.containerId} ${pipe.stream}`;
      if (!readers.has(key)) readers.set(key, pipeReader(pipe, fileOf(pipe.containerId), clock));
    }
  };
  const release = (isGone: (containerId: string) => boolean) => {
    for (const [key, reader] of readers) {
      if (!isGone(key.split(' ')[0] ?? '')) continue;
      reader?.close();
      readers.delete(key);
    }
  };
  return {
    take,
    async hold(signal) {
      take();
      const readAll = async () => {
        for (const reader of readers.values()) {
          reader?.read();
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      while (!signal.aborted) {
        await readAll();
        await sleep(clock, readEveryMs, signal).catch(() => {});
      }
      await readAll();
    },
    end() {
      const running = new Set(findPipes().map(({ containerId }) => containerId));
      for (const [key, reader] of readers) reader?.end(!running.has(key.split(' ')[0] ?? ''));
    },
    async *merge(id, query, ofEngine) {
      if (!existsSync(fileOf(id))) return yield* ofEngine(query);
      const { tail, follow = false, ...rest } = query;
      const { streams = ['stdout', 'stderr'], sinceNs = -1n } = query;
      const all = () => inOrder(only(parseFrames(createReadStream(fileOf(id))), streams, sinceNs), ofEngine(rest));
      let lastNs = sinceNs;
      for await (const line of tail === undefined ? all() : lastOf(tail, all)) {
        lastNs = line.timeNs;
        yield line;
      }
      if (follow) yield* ofEngine({ ...rest, ...(lastNs >= 0n && { sinceNs: lastNs }), follow });
    },
    remove(id) {
      release((held) => held === id);
      rmSync(fileOf(id), { force: true });
    },
    keepOnly(ids) {
      release((held) => !ids.includes(held));
      const kept = new Set(ids.map(fileOf));
      for (const file of readdirSync(dir).map((name) => join(dir, name))) if (!kept.has(file)) rmSync(file);
    },
  };
}

/** Nothing for a pipe that is gone by now. */
function pipeReader({ path, stream }: OutputPipe, file: string, clock: Clock) {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  // A workload can have a process that looks like its shim.
  if (!fstatSync(descriptor).isFIFO()) {
    closeSync(descriptor);
    return undefined;
  }
  const chunk = Buffer.alloc(chunkBytes);
  let rest: Buffer = Buffer.alloc(0);
  let takenBytes = 0;
  let lastNs = 0n;
  const keep = (lines: readonly Buffer[]) => {
    const frames = lines.map((bytes) => {
      const nowNs = BigInt(Math.round(clock.wallMs())) * 1_000_000n;
      lastNs = nowNs > lastNs ? nowNs : lastNs + 1n;
      return frameOf({ stream, timeNs: lastNs, bytes });
    });
    if (frames.length > 0) appendWhole(file, Buffer.concat(frames));
  };
  const read = () => {
    const untilBytes = Math.min(mostBytes, takenBytes + turnBytes);
    while (takenBytes < untilBytes) {
      const count = readNow(descriptor, chunk);
      if (count === 0) return;
      takenBytes += count;
      const { lines, rest: left } = linesOf(Buffer.concat([rest, chunk.subarray(0, count)]));
      rest = left;
      keep(lines);
    }
  };
  return {
    read,
    /** Keeps what has no end yet; of one that has ended also what is still in its pipe, which holds no more than one turn reads. The next absence counts anew. */
    end(hasEnded: boolean) {
      if (hasEnded) read();
      if (rest.length > 0) keep([rest]);
      rest = Buffer.alloc(0);
      takenBytes = 0;
    },
    close: () => closeSync(descriptor),
  };
}

/** All of it or nothing, so that a full disk leaves no part of a frame behind. */
function appendWhole(file: string, bytes: Buffer): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  try {
    appendFileSync(file, bytes, { mode: 0o600 });
  } catch (error) {
    if (existsSync(file)) truncateSync(file, size);
    throw error;
  }
}

/** 0: nothing is there now, or nobody will write any more. */
function readNow(descriptor: number, into: Buffer): number {
  try {
    return readSync(descriptor, into);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
    throw error;
  }
}

/** Whole lines with their ends, and pieces of a line that is longer than a chunk. */
function linesOf(bytes: Buffer): { lines: Buffer[]; rest: Buffer } {
  const lines: Buffer[] = [];
  let at = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, at)) {
    lines.push(bytes.subarray(at, end + 1));
    at = end + 1;
  }
  const rest = Buffer.from(bytes.subarray(at));
  return rest.length < chunkBytes ? { lines, rest } : { lines: [...lines, rest], rest: Buffer.alloc(0) };
}

async function* only(lines: AsyncIterable<OutputLine>, streams: readonly string[], sinceNs: bigint): AsyncGenerator<OutputLine> {
  for await (const line of lines) if (streams.includes(line.stream) && line.timeNs > sinceNs) yield line;
}

/** Two sequences that are each in order of time, as one. */
async function* inOrder(a: AsyncIterable<OutputLine>, b: AsyncIterable<OutputLine>): AsyncGenerator<OutputLine> {
  const [first, second] = [a[Symbol.asyncIterator](), b[Symbol.asyncIterator]()];
  try {
    let [x, y] = [await first.next(), await second.next()];
    while (!x.done || !y.done) {
      if (!x.done && (y.done || x.value.timeNs <= y.value.timeNs)) {
        yield x.value;
        x = await first.next();
      } else if (!y.done) {
        yield y.value;
        y = await second.next();
      }
    }
  } finally {
    // A reader who has left leaves no file open.
    await Promise.allSettled([first.return?.(), second.return?.()]);
  }
}
