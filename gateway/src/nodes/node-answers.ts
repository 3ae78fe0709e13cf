import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '@river/crds';
import type { Clock, Logger } from '@river/runtime';
import type { Limits } from '../limits.ts';

/** What a node brings: the request's body, and how it is told that it was taken. */
export interface NodeAnswer {
  request: IncomingMessage;
  response: ServerResponse;
}

export interface NodeAnswers {
  /** Makes a question, asks it by `tell`, and resolves when that node brings its answer. @throws ApiError ServiceUnavailable, Timeout */
  expect(node: string, tell: (id: string) => Promise<void>, signal: AbortSignal): Promise<NodeAnswer>;
  /** A node brings an answer. @throws ApiError NotFound when nobody waits for it, Forbidden when another node was asked */
  take(node: string, id: string, answer: NodeAnswer): void;
}

interface Expected {
  node: string;
  resolve(answer: NodeAnswer): void;
}

const idBytes = 16;

/** Brings together those who wait and what nodes bring. Only the node that was asked can answer. */
export function nodeAnswers({ clock, log, limits }: { clock: Clock; log: Logger; limits: Pick<Limits, 'answerMs'> }): NodeAnswers {
  const expected = new Map<string, Expected>();
  return {
    async expect(node, tell, signal) {
      const id = randomBytes(idBytes).toString('base64url');
      const answer = Promise.withResolvers<NodeAnswer>();
      answer.promise.catch(() => {});
      const giveUp = (why: unknown) => {
        expected.delete(id);
        answer.reject(why);
      };
      const onAbort = () => giveUp(signal.reason);
      const late = () => giveUp(new ApiError('Timeout', `the node ${node} did not begin to answer within ${limits.answerMs / 1000} s`));
      const cancel = clock.after(limits.answerMs, late);
      signal.addEventListener('abort', onAbort, { once: true });
      expected.set(id, { node, resolve: answer.resolve });
      try {
        signal.throwIfAborted();
        await tell(id);
        return await answer.promise;
      } finally {
        cancel();
        signal.removeEventListener('abort', onAbort);
        expected.delete(id);
      }
    },
    take(node, id, answer) {
      const found = expected.get(id);
      if (!found) throw new ApiError('NotFound', 'nobody waits for this answer any more');
      if (found.node !== node) {
        log.warn('a node has tried to answer for another', { node, asked: found.node });
        throw new ApiError('Forbidden', 'another node was asked');
      }
      expected.delete(id);
      found.resolve(answer);
    },
  };
}
