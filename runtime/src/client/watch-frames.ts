import type { IncomingMessage } from 'node:http';
import { isObject, type KubeObject } from '@river/crds';
import type { Clock } from '../clock/clock.ts';
import { TransportError } from './transport-error.ts';

/** One event of a watch. An ERROR frame is thrown as ApiError, never yielded. */
export interface WatchEvent<T extends KubeObject = KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: T;
}

export interface LineLimits {
  maxLineBytes: number;
  /** Longest silence, after which the connection is held to be dead. */
  idleMs?: number;
  clock: Clock;
  server: string;
}

const newline = 0x0a;

/**
 * The lines of a body, one at a time: nothing is read ahead of a consumer that is busy beyond one socket buffer.
 * @throws TransportError `Truncated` when the body ends inside a line, `TooLarge` at a line over the limit, `Idle` after silence.
 */
export async function* linesOf(message: IncomingMessage, limits: LineLimits): AsyncGenerator<string> {
  const fail = (reason: 'Truncated' | 'TooLarge' | 'Idle', text: string) =>
    new TransportError(reason, `${limits.server}: ${text}`, { mayHaveHappened: true });
  let stop = () => {};
  const listen = () => {
    stop();
    const { idleMs } = limits;
    if (idleMs !== undefined)
      stop = limits.clock.after(idleMs, () => message.destroy(fail('Idle', `the watch was silent for ${idleMs / 1000} s`)));
  };
  let rest: Buffer[] = [];
  let restBytes = 0;
  try {
    listen();
    for await (const chunk of message as AsyncIterable<Buffer>) {
      // The silence that counts is the server's: while the consumer works, nothing is expected.
      stop();
      let from = 0;
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
        const line = Buffer.concat([...rest, chunk.subarray(from, at)]);
        rest = [];
        restBytes = 0;
        from = at + 1;
        if (line.length > 0) yield line.toString('utf8');
      }
      if (from < chunk.length) rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
      if (restBytes > limits.maxLineBytes) throw fail('TooLarge', `a watch event is larger than ${limits.maxLineBytes} bytes`);
      listen();
    }
    if (restBytes > 0) throw fail('Truncated', 'the watch ended in the middle of an event');
  } finally {
    stop();
    message.destroy();
  }
}

/** @throws TransportError `Garbled`. */
export function parseFrame(line: string, server: string): { type: string; object: unknown } {
  let frame: unknown;
  try {
    frame = JSON.parse(line);
  } catch (cause) {
    throw new TransportError('Garbled', `${server}: a watch event is not JSON`, { mayHaveHappened: true, cause });
  }
  if (isObject(frame) && typeof frame.type === 'string' && isObject(frame.object)) return { type: frame.type, object: frame.object };
  throw new TransportError('Garbled', `${server}: a watch event has no type or no object`, { mayHaveHappened: true });
}
