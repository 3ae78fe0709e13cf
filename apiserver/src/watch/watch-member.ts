import { ApiError } from '@river/crds';
import type { Turns } from './turns.ts';
import { line } from './watch-format.ts';

/** The connection of one watcher. Bytes are given to it as chunks of HTTP/1.1, so that many connections can share them. */
export interface Sink {
  write(chunk: Buffer): void;
  /** Bytes that the peer has not taken yet. */
  waitingBytes(): number;
  /** Resolves when the peer has taken what was waiting; rejects when it does not, or is gone. */
  drained(): Promise<void>;
  end(): void;
  destroy(): void;
}

export interface MemberLimits {
  /** More than this waiting for one watcher, and it is disconnected. */
  bufferBytes: number;
  /** More than this waiting for all watchers together, and those are disconnected for whom most is waiting. */
  totalBufferBytes: number;
  /** Initial events are written in pieces of this size. */
  pieceBytes: number;
}

/** One watcher: first what it missed, at the pace it reads; then what happens, as long as it keeps up. */
export interface Member {
  send(chunk: Buffer): void;
  isLive(): boolean;
  /** What it has been given and has not taken. */
  waitingBytes(): number;
  end(lastWords?: Buffer): void;
  /** Ends it without waiting for what it has not taken. */
  cut(): void;
}

const crlf = Buffer.from('\r\n');

export const httpChunk = (payload: Buffer): Buffer => Buffer.concat([Buffer.from(`${payload.length.toString(16)}\r\n`), payload, crlf]);

export const errorLine = (error: ApiError): Buffer => line({ type: 'ERROR', object: error.toStatus() });

const tooSlow = (bytes: number): ApiError =>
  new ApiError(
    'TooManyRequests',
    `this watcher was disconnected because it is too slow: ${bytes} bytes were waiting for it; watch again from the last resourceVersion`,
    {
      details: { retryAfterSeconds: 1 },
    },
  );

const inTurn = <T>(turns: Turns, act: () => T): Promise<T> =>
  new Promise((resolve, reject) =>
    turns(() => {
      try {
        resolve(act());
      } catch (error) {
        reject(error);
      }
      return true;
    }),
  );

export function watchMember(sink: Sink, initial: Iterable<Buffer>, limits: MemberLimits, turns: Turns, onEnd: () => void): Member {
  let backlog: Buffer[] | null = [];
  let backlogBytes = 0;
  let isOver = false;

  const end = (lastWords?: Buffer) => {
    if (isOver) return;
    isOver = true;
    backlog = null;
    if (lastWords) sink.write(httpChunk(lastWords));
    sink.end();
    onEnd();
  };
  const cut = () => {
    end();
    sink.destroy();
  };
  const send = (chunk: Buffer) => {
    if (isOver) return;
    if (backlog) {
      backlog.push(chunk);
      backlogBytes += chunk.length;
    }
    const waiting = backlogBytes + sink.waitingBytes();
    if (waiting > limits.bufferBytes) end(errorLine(tooSlow(waiting)));
    else if (!backlog) sink.write(chunk);
  };
  const pieces = initial[Symbol.iterator]();
  /** Says whether there was one. */
  const writePiece = (): boolean => {
    const { done, value } = isOver ? { done: true, value: undefined } : pieces.next();
    if (done || !value) return false;
    sink.write(httpChunk(value));
    return true;
  };
  const catchUp = async () => {
    while (await inTurn(turns, writePiece)) {
      if (!isOver && sink.waitingBytes() > limits.pieceBytes) await sink.drained();
    }
    for (const chunk of backlog ?? []) sink.write(chunk);
    backlog = null;
    backlogBytes = 0;
  };
  catchUp().catch(() => end());
  return { send, waitingBytes: () => backlogBytes + sink.waitingBytes(), isLive: () => !isOver && backlog === null, end, cut };
}
