import { Worker } from 'node:worker_threads';
import { StoreError } from '../store.ts';
import type { FailedReply, Packed } from './messages.ts';

/** A worker that answers each request in order. */
export interface WorkerLink {
  /** The worker's first message. @throws StoreError what it could not start for. */
  ready: Promise<object>;
  call<Reply extends object>(request: object & { kind: string; values?: Packed }): Promise<Reply>;
  /** Resolves when the thread is gone. */
  stopped: Promise<void>;
}

interface Waiter {
  resolve(reply: object): void;
  reject(error: StoreError): void;
}

export function workerLink(file: URL, workerData: object): WorkerLink {
  const worker = new Worker(file, { workerData });
  const waiting: Waiter[] = [];
  let cause: unknown;
  let isGone = false;

  const lost = (): StoreError => new StoreError('Unavailable', "the store's thread has ended", { cause });
  const answer = () => new Promise<object>((resolve, reject) => waiting.push({ resolve, reject }));

  worker.on('message', (reply: object | FailedReply) => {
    const waiter = waiting.shift();
    if ('failed' in reply) waiter?.reject(new StoreError(reply.failed.reason, reply.failed.message));
    else waiter?.resolve(reply);
  });
  worker.on('error', (error) => {
    cause = error;
  });
  const stopped = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      isGone = true;
      for (const { reject } of waiting.splice(0)) reject(lost());
      resolve();
    });
  });

  return {
    ready: answer(),
    async call<Reply extends object>(request: object & { kind: string; values?: Packed }) {
      if (isGone) throw lost();
      worker.postMessage(request, request.values ? [request.values.bytes.buffer] : []);
      return (await answer()) as Reply; // the worker's side of messages.ts promises this reply to this request
    },
    stopped,
  };
}
