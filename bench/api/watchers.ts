import { eventually, percentile, round } from './measure.ts';
import { type Connection, openWatch, type Target } from './wire.ts';

export interface WatchFigures {
  watchers: number;
  writesPerSecond: number;
  writes: number;
  /** From the moment the write was sent until a watcher had the event. */
  deliveryP50Ms: number;
  deliveryP99Ms: number;
  /** Events that some watcher should have had and did not. */
  lost: number;
  ended: number;
}

interface WatchGroup {
  received(): number;
  latencies: number[];
  ended(): number;
  close(): void;
}

const sampledWatchers = 100;
const openAtOnce = 50;

/** Opens the watchers. All are counted; the delivery time is taken at up to a hundred of them. */
async function openGroup(target: Target, path: string, count: number): Promise<WatchGroup> {
  const latencies: number[] = [];
  const closers: (() => void)[] = [];
  let received = 0;
  let ended = 0;
  const every = Math.ceil(count / sampledWatchers);
  const open = async (at: number) => {
    const counter = lineCounter();
    const onBytes = (bytes: Buffer) => {
      received += counter(bytes);
      if (at % every === 0) takeLatencies(bytes, latencies);
    };
    closers.push(await openWatch(target, path, onBytes, () => ended++));
  };
  for (let from = 0; from < count; from += openAtOnce)
    await Promise.all(Array.from({ length: Math.min(openAtOnce, count - from) }, (_, at) => open(from + at)));
  const close = () => {
    for (const one of closers) one();
  };
  return { received: () => received, latencies, ended: () => ended, close };
}

/** An event ends with a bare line feed; HTTP's chunks end with CR LF. So events are counted without being parsed. */
export function lineCounter(): (bytes: Buffer) => number {
  let last = 0;
  return (bytes) => {
    let lines = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) if ((at === 0 ? last : bytes[at - 1]) !== 13) lines++;
    last = bytes[bytes.length - 1] ?? last;
    return lines;
  };
}

const mark = Buffer.from('"sentAt":"');

/** Each write carries the time at which it was sent. One that a chunk's edge cuts in two is not sampled. */
function takeLatencies(bytes: Buffer, latencies: number[]): void {
  const nowMs = performance.now();
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    const end = bytes.indexOf(34, at + mark.length);
    if (end > 0) latencies.push(nowMs - Number(bytes.toString('latin1', at + mark.length, end)));
  }
}

export interface WatchRun {
  target: Target;
  watchers: number;
  collection: string;
  resourceVersion: string;
  writers: readonly Connection[];
  /** Names to write to, in turn. */
  names: readonly string[];
  durationMs: number;
  /** As fast as the writers can when left out. */
  writesPerSecond?: number;
}

export async function measureWatchers(run: WatchRun): Promise<WatchFigures> {
  const { target, watchers, collection, resourceVersion, writers, durationMs } = run;
  const group = await openGroup(target, `${collection}?watch=1&resourceVersion=${resourceVersion}&timeoutSeconds=600`, watchers);
  let writes = 0;
  const write = async (writer: Connection) => {
    const name = run.names[writes++ % run.names.length] ?? '';
    const body = `{"spec":{"sentAt":"${performance.now().toFixed(3)}"}}`;
    const { status } = await writer.send({
      method: 'PATCH',
      path: `${collection}/${name}`,
      contentType: 'application/merge-patch+json',
      body,
    });
    if (status !== 200) throw new Error(`a patch was answered with ${status}`);
  };
  const startMs = performance.now();
  const until = startMs + durationMs;
  if (run.writesPerSecond === undefined) await Promise.all(writers.map((writer) => repeat(() => write(writer), until)));
  else await paced(writers, write, run.writesPerSecond, until);
  await eventually(() => group.received() >= writes * watchers, 30_000);
  const seconds = (performance.now() - startMs) / 1_000;
  const lost = writes * watchers - group.received();
  const figures = {
    watchers,
    writes,
    writesPerSecond: round(writes / seconds),
    deliveryP50Ms: round(percentile(group.latencies, 50)),
    deliveryP99Ms: round(percentile(group.latencies, 99)),
    lost,
    ended: group.ended(),
  };
  group.close();
  return figures;
}

async function repeat(work: () => Promise<void>, untilMs: number): Promise<void> {
  while (performance.now() < untilMs) await work();
}

/** Starts a write at each tick, whether or not the last has been answered; only a lack of free writers delays one. */
async function paced(
  writers: readonly Connection[],
  write: (writer: Connection) => Promise<void>,
  perSecond: number,
  untilMs: number,
): Promise<void> {
  const free = [...writers];
  const running: Promise<void>[] = [];
  for (let nextMs = performance.now(); nextMs < untilMs; nextMs += 1_000 / perSecond) {
    const waitMs = nextMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const writer = free.pop();
    if (!writer) continue;
    running.push(write(writer).finally(() => free.push(writer)));
  }
  await Promise.all(running);
}
