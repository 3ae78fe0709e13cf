import type { KubeObject } from '@river/crds';
import type { Sink } from '../watch/watch-member.ts';

export interface SeenEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject & { code?: number; reason?: string; message?: string };
}

/** The far end of a watch: takes what it is sent, or leaves it waiting while it is paused. */
export interface MemoryWatcher extends Sink {
  events(): SeenEvent[];
  /** `ADDED ns/name@revision`, without bookmarks and errors. */
  changes(): string[];
  error(): SeenEvent['object'] | undefined;
  isOver(): boolean;
  mostWaitingBytes(): number;
  pause(): void;
  resume(): void;
}

export function memoryWatcher(): MemoryWatcher {
  const taken: Buffer[] = [];
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let mostBytes = 0;
  let isPaused = false;
  let isOver = false;
  let drains: (() => void)[] = [];

  const deliver = () => {
    taken.push(...waiting);
    waiting = [];
    waitingBytes = 0;
    const settled = drains;
    drains = [];
    for (const resolve of settled) resolve();
  };
  const events = () => payloads(Buffer.concat(taken)).flatMap((payload) => lines(payload));
  const write = (chunk: Buffer) => {
    if (isOver) throw new Error('written after the end');
    waiting.push(chunk);
    waitingBytes += chunk.length;
    mostBytes = Math.max(mostBytes, waitingBytes);
    if (!isPaused) deliver();
  };
  return {
    write,
    give: (chunk) =>
      new Promise((resolve) => {
        drains.push(resolve);
        // Once it is taken, the giver may use the memory again.
        write(Buffer.from(chunk));
      }),
    waitingBytes: () => waitingBytes,
    end() {
      isOver = true;
    },
    destroy() {
      isOver = true;
      waitingBytes = 0;
    },
    events,
    changes: () =>
      events()
        .filter(({ type }) => type !== 'BOOKMARK' && type !== 'ERROR')
        .map(({ type, object: { metadata } }) => `${type} ${metadata.namespace ?? ''}/${metadata.name}@${metadata.resourceVersion}`),
    error: () => events().find(({ type }) => type === 'ERROR')?.object,
    isOver: () => isOver,
    mostWaitingBytes: () => mostBytes,
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      deliver();
    },
  };
}

/** What stands in chunks of HTTP/1.1. */
function payloads(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    found.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return found;
}

const lines = (payload: Buffer): SeenEvent[] =>
  payload
    .toString()
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as SeenEvent);
