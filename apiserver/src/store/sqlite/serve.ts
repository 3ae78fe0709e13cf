import type { MessagePort } from 'node:worker_threads';
import type { StoreError } from '../store.ts';
import type { FailedReply, Packed } from './messages.ts';

/** Answers each request in the order they came; what is packed is moved, not copied. */
export function serve<Request extends { kind: string }>(
  port: MessagePort,
  answer: (request: Request) => { values?: Packed } | object,
  asStoreError: (error: unknown) => StoreError,
): void {
  port.on('message', (request: Request) => {
    const reply = attempt(() => answer(request), asStoreError);
    port.postMessage(reply, 'values' in reply && reply.values ? [reply.values.bytes.buffer] : []);
    if (request.kind === 'close') port.close();
  });
}

export function attempt<Reply extends object>(work: () => Reply, asStoreError: (error: unknown) => StoreError): Reply | FailedReply {
  try {
    return work();
  } catch (error) {
    const { reason, message } = asStoreError(error);
    return { failed: { reason, message } };
  }
}
