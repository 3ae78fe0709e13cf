import { ApiError } from '@river/crds';
import type { Turns } from '@river/runtime';
import { borrowPiece, pieceBytes, returnPiece } from '../pieces.ts';
import type { WaitingBytes } from './waiting-bytes.ts';
import { line } from './watch-format.ts';

/** The connection of one watcher. Bytes are given to it as chunks of HTTP/1.1, so that many connections can share them. */
export interface Sink {
  write(chunk: Buffer): void;
  /** Resolves when the peer has taken it and it may be changed; rejects when it is not taken in time, or the peer is gone. */
  give(chunk: Buffer): Promise<void>;
  /** Bytes that the peer has not taken yet. */
  waitingBytes(): number;
  end(): void;
  destroy(): void;
}

export interface MemberLimits {
  /** More than this waiting for one watcher, and it is disconnected. */
  bufferBytes: number;
}

/** One watcher: first what it missed, at the pace it reads; then what happens, as long as it keeps up. */
export interface Member {
  send(chunk: Buffer): void;
  isLive(): boolean;
  end(lastWords?: Buffer): void;
}

const crlf = Buffer.from('\r\n');

export const httpChunk = (...payload: readonly Buffer[]): Buffer => {
  const bytes = payload.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([Buffer.from(`${bytes.toString(16)}\r\n`), ...payload, crlf]);
};

/** The same in memory that is there already. */
function httpChunkIn(memory: Buffer, payload: readonly Buffer[]): Buffer {
  let end = headBytes;
  for (const part of payload) end += part.copy(memory, end);
  memory.write(`${(end - headBytes).toString(16).padStart(headBytes - crlf.length, '0')}\r\n`, 0, 'latin1');
  return memory.subarray(0, end + crlf.copy(memory, end));
}

const headBytes = 8;
/** So much can be the payload of a chunk that is one piece. */
export const payloadBytes = pieceBytes - headBytes - crlf.length;

export const errorLine = (error: ApiError): Buffer => line({ type: 'ERROR', object: error.toStatus() });

const tooSlow = (bytes: number): ApiError =>
  new ApiError(
    'TooManyRequests',
    `this watcher was disconnected because it is too slow: ${bytes} bytes were waiting for it; watch again from the last resourceVersion`,
    {
      details: { retryAfterSeconds: 1 },
    },
  );

const inTurn = <T>(turns: Turns, act: () => Promise<T>): Promise<T> =>
  new Promise((resolve, reject) =>
    turns(() => {
      act().then(resolve, reject);
      return true;
    }),
  );

export interface MemberOptions {
  sink: Sink;
  /** What it missed, in pieces that are made when they are needed: of at most `payloadBytes`, or of one part. */
  initial: Iterable<readonly Buffer[]>;
  limits: MemberLimits;
  turns: Turns;
  waiting: WaitingBytes;
  onEnd: () => void;
}

export function watchMember({ sink, initial, limits, turns, waiting, onEnd }: MemberOptions): Member {
  let backlog: Buffer[] | null = [];
  let backlogBytes = 0;
  let isOver = false;

  const end = (lastWords?: Buffer) => {
    if (isOver) return;
    isOver = true;
    backlog = null;
    backlogBytes = 0;
    if (lastWords) sink.write(httpChunk(lastWords));
    sink.end();
    onEnd();
  };
  const holder = {
    waitingBytes: () => backlogBytes + sink.waitingBytes(),
    cut() {
      end();
      sink.destroy();
    },
  };
  const send = (chunk: Buffer) => {
    if (isOver) return;
    if (backlog) {
      backlog.push(chunk);
      backlogBytes += chunk.length;
    }
    const bytes = holder.waitingBytes();
    if (bytes > limits.bufferBytes) end(errorLine(tooSlow(bytes)));
    else if (!backlog) sink.write(chunk);
    waiting.grew(holder);
  };
  const pieces = initial[Symbol.iterator]();
  /** Says whether there was one, once the peer has taken it. */
  const givePiece = async (): Promise<boolean> => {
    const { done, value: parts } = isOver ? { done: true, value: undefined } : pieces.next();
    if (done || !parts) return false;
    const memory = parts.length > 1 ? borrowPiece() : null;
    const taken = sink.give(memory ? httpChunkIn(memory, parts) : httpChunk(...parts));
    waiting.grew(holder);
    await taken;
    if (memory) returnPiece(memory);
    return true;
  };
  const catchUp = async () => {
    while (await inTurn(turns, givePiece));
    for (const chunk of backlog ?? []) sink.write(chunk);
    backlog = null;
    backlogBytes = 0;
  };
  catchUp().catch(() => end());
  return { send, isLive: () => !isOver && backlog === null, end };
}
