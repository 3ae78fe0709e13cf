import { type Sink, watchFormatFor } from '@river/apiserver/core';
import { ApiError, type KubeObject } from '@river/crds';
import { type ResourceRef, TransportError, type WatchEvent, type WatchOptions } from '@river/runtime';
import type { Dice } from '../dice.ts';
import { targetOf } from '../server/answer.ts';
import type { Server } from '../server/server.ts';
import type { Machine, Process } from '../time/machine.ts';
import type { Timeline } from '../time/timeline.ts';
import type { Trace } from '../trace.ts';
import type { Network } from './network.ts';

export interface Watches {
  open<T extends KubeObject>(opening: Opening): AsyncIterable<WatchEvent<T>>;
  /** What a process watches of some kind comes so much later from now on, until the time. */
  stall(machine: Machine, plural: string | undefined, forMs: number): void;
  /** Connections that have broken. */
  breakAll(machine: Machine): void;
}

interface Opening {
  process: Process;
  ref: ResourceRef;
  options: WatchOptions;
}

export interface WatchesDeps {
  network: Network;
  server: Server;
  timeline: Timeline;
  dice: Dice;
  trace: Trace;
}

/** One open watch: lines that are under way, in order, and whoever waits for them. */
interface Stream {
  process: Process;
  plural: string;
  /** Nothing arrives before. */
  stalledUntilMs: number;
  lastMs: number;
  /** What is under way; whatever holds its reader up, it comes in order. */
  sent: string[];
  /** What was sent into a cut. */
  held: string[];
  usualMs: number;
  isOver: boolean;
  /** Nothing comes through any more, also before its reader knows. */
  isBroken: boolean;
  arrived: (WatchEvent | Error)[];
  wake: () => void;
  endServerSide: () => void;
}

/** How far behind a watch usually is; each has its own. */
const paces = [1, 3, 3, 20, 20, 150, 900];
const brokenByCutShare = 0.5;

export function watches(deps: WatchesDeps): Watches {
  const { network, server, timeline, dice, trace } = deps;
  const streams = new Set<Stream>();
  const fail = (stream: Stream, error: Error) => {
    if (stream.isOver) return;
    stream.isOver = true;
    streams.delete(stream);
    stream.endServerSide();
    stream.arrived.push(error);
    stream.wake();
  };
  const breakStream = (stream: Stream, delayMs = dice.between(1, 300)) => {
    stream.isBroken = true;
    stream.process.after(delayMs, () => fail(stream, new TransportError('Reset', 'the watch has broken', { mayHaveHappened: true })));
  };
  const takeNext = (stream: Stream) => {
    const line = stream.sent.shift();
    if (stream.isOver || line === undefined) return;
    const { type, object } = JSON.parse(line) as { type: string; object: KubeObject & { reason?: string; message?: string } };
    trace.tell(
      `${stream.process.name} sees ${stream.plural} ${type} ${object.metadata?.name ?? ''} ${object.metadata?.resourceVersion ?? ''}`,
    );
    // The hub's own words: an error's object is a Status, everything else is an event.
    if (type === 'ERROR')
      return fail(stream, new ApiError(object.reason === 'Expired' ? 'Expired' : 'TooManyRequests', object.message ?? ''));
    stream.arrived.push({ type, object } as WatchEvent);
    stream.wake();
  };
  const send = (stream: Stream, line: string) => {
    if (stream.isBroken) return;
    if (network.isCut(stream.process.machine, 'fromServer')) return void stream.held.push(line);
    const delayMs = dice.between(0.2, 2 * stream.usualMs);
    stream.lastMs = Math.max(timeline.nowMs + delayMs, stream.stalledUntilMs, stream.lastMs + 0.001);
    stream.sent.push(line);
    stream.process.after(stream.lastMs - timeline.nowMs, () => takeNext(stream));
  };
  network.onHeal((machine) => {
    for (const stream of of(streams, machine)) {
      if (stream.isBroken || dice.chance(brokenByCutShare)) breakStream(stream);
      else for (const line of stream.held.splice(0)) send(stream, line);
    }
  });
  server.onCrash(() => {
    for (const stream of streams) {
      // A reader that is cut off does not hear of it until it is not.
      if (network.isCut(stream.process.machine, 'fromServer')) stream.isBroken = true;
      else breakStream(stream);
    }
  });
  return {
    stall(machine, plural, forMs) {
      for (const stream of of(streams, machine))
        if (plural === undefined || stream.plural === plural) stream.stalledUntilMs = timeline.nowMs + forMs;
    },
    breakAll(machine) {
      for (const stream of of(streams, machine)) breakStream(stream, 0);
    },
    open: <T extends KubeObject>(opening: Opening) => read<T>(deps, opening, { streams, fail, send }),
  };
}

const of = (streams: Set<Stream>, machine: Machine): Stream[] => [...streams].filter(({ process }) => process.machine === machine);

interface Handling {
  streams: Set<Stream>;
  fail(stream: Stream, error: Error): void;
  send(stream: Stream, line: string): void;
}

async function* read<T extends KubeObject>(deps: WatchesDeps, opening: Opening, handling: Handling): AsyncGenerator<WatchEvent<T>> {
  const { signal, idleMs } = opening.options;
  const stream = begin(deps, opening, handling);
  const onAbort = () => handling.fail(stream, new Error('it was ended'));
  signal?.addEventListener('abort', onAbort, { once: true });
  let heardMs = opening.process.clock.monotonicMs();
  const listen = () => {
    if (idleMs === undefined || stream.isOver) return;
    const leftMs = heardMs + idleMs - opening.process.clock.monotonicMs();
    if (leftMs <= 0) handling.fail(stream, new TransportError('Idle', 'the watch was silent', { mayHaveHappened: true }));
    else opening.process.after(leftMs, listen);
  };
  listen();
  try {
    for (;;) {
      for (let next = stream.arrived.shift(); next; next = stream.arrived.shift()) {
        heardMs = opening.process.clock.monotonicMs();
        if (next instanceof Error) throw signal?.aborted ? signal.reason : next;
        // A watch of a kind brings objects of that kind.
        yield next as WatchEvent<T>;
      }
      await new Promise<void>((resolve) => {
        stream.wake = resolve;
      });
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    handling.fail(stream, new Error('nobody reads it any more'));
  }
}

function begin(
  { network, server, timeline, dice }: WatchesDeps,
  { process, ref, options }: Opening,
  { streams, fail, send }: Handling,
): Stream {
  const stream: Stream = {
    process,
    plural: ref.plural,
    stalledUntilMs: 0,
    lastMs: 0,
    sent: [],
    held: [],
    usualMs: dice.pick(paces),
    isOver: false,
    isBroken: false,
    arrived: [],
    wake: () => {},
    endServerSide: () => {},
  };
  const refuse = (reason: 'Reset' | 'Refused', delayMs: number) =>
    void process.after(delayMs, () => fail(stream, new TransportError(reason, 'the watch could not begin', { mayHaveHappened: true })));
  process.onKill(() => fail(stream, new Error('nobody reads it any more')));
  const outMs = network.leg(process.machine, 'toServer');
  if (outMs === undefined) {
    refuse('Reset', dice.between(50, 3_000));
    return stream;
  }
  timeline.at(timeline.nowMs + outMs, () => {
    if (stream.isOver) return;
    if (!server.isUp) return refuse('Refused', dice.between(0.2, 4));
    streams.add(stream);
    serve(server, ref, options, stream, (line) => send(stream, line)).catch((error) =>
      process.after(dice.between(0.2, 4), () => fail(stream, error)),
    );
  });
  return stream;
}

/** The server's end of it. */
async function serve(server: Server, ref: ResourceRef, options: WatchOptions, stream: Stream, send: (line: string) => void): Promise<void> {
  const core = server.core();
  if (!core) return;
  const target = targetOf(core, ref);
  const { fieldSelector, resourceVersion, sendInitialEvents, allowWatchBookmarks = false } = options;
  const member = await core.hub.watch({
    target,
    namespace: options.namespace ?? '',
    format: watchFormatFor({ version: target.version, cache: target.kind.cache }, { as: 'object', version: 'v1' }, 'Object', () => 0),
    query: {
      fieldSelector,
      resourceVersion,
      sendInitialEvents,
      ...(sendInitialEvents !== undefined && { resourceVersionMatch: 'NotOlderThan' }),
      allowWatchBookmarks,
    },
    open: () => sinkTo(send),
  });
  if (stream.isOver) member.end();
  else stream.endServerSide = () => member.end();
}

/** A connection that takes everything at once; what makes it slow comes after it. */
function sinkTo(send: (line: string) => void): Sink {
  const write = (chunk: Buffer) => {
    for (const line of linesIn(chunk)) send(line);
  };
  return {
    write,
    give: async (chunk) => write(chunk),
    waitingBytes: () => 0,
    end: () => {},
    destroy: () => {},
  };
}

/** What stands in chunks of HTTP/1.1. */
function* linesIn(bytes: Buffer): Iterable<string> {
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const payload = bytes.toString('utf8', lineEnd + 2, lineEnd + 2 + size);
    for (const line of payload.split('\n')) if (line !== '') yield line;
    at = lineEnd + 2 + size + 2;
  }
}
