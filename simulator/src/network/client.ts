import type { Requester } from '@river/apiserver/core';
import type { KubeObject } from '@river/crds';
import {
  type ApiClient,
  type CallOptions,
  type InNamespace,
  type ListPage,
  type ResourceClient,
  type ResourceRef,
  TransportError,
  type WriteOptions,
} from '@river/runtime';
import type { Dice } from '../dice.ts';
import type { Asked } from '../server/answer.ts';
import type { Answer, Server } from '../server/server.ts';
import type { Process } from '../time/machine.ts';
import type { Timeline } from '../time/timeline.ts';
import type { Network } from './network.ts';
import type { Watches } from './watches.ts';

export type SimulatedClient = Pick<ApiClient, 'resource'>;

export interface ClientDeps {
  process: Process;
  requester: Requester;
  network: Network;
  server: Server;
  watches: Watches;
  timeline: Timeline;
  dice: Dice;
  /** The server has taken something that was sent then. */
  onTaken(process: Process, asked: Asked, sentMs: number): void;
}

const callMs = 15_000;
/** A connection that breaks is mostly noticed at once, else by the deadline. */
const noticedShare = 0.6;
const noticeMs = { least: 5, most: 800 };

const asProgram = (requester: Requester): string => requester.username.replace(/^system:/, '');

/** The API as one process reaches it: each request takes its time, may be lost, and may be done without its answer ever coming. */
export function client(deps: ClientDeps): SimulatedClient {
  const { requester, watches, process } = deps;
  return {
    resource<T extends KubeObject>(ref: ResourceRef): ResourceClient<T> {
      const ask = <R = T>(asked: Partial<Asked> & Pick<Asked, 'verb'>, options: WriteOptions = {}, body: unknown = {}): Promise<R> => {
        const whole = { ref, name: '', subresource: (options.subresource ?? '') as Asked['subresource'], ...asked };
        const fieldManager = options.fieldManager ?? asProgram(requester);
        return exchange<R>(
          deps,
          { requester, fieldManager, namespace: options.namespace ?? '', body: JSON.stringify(body), ...whole },
          options,
        );
      };
      const homeOf = (object: T, options: InNamespace) => ({ ...options, namespace: object.metadata.namespace ?? options.namespace ?? '' });
      const put = (object: T, options: WriteOptions) =>
        ask({ verb: 'update', name: object.metadata.name }, homeOf(object, options), object);
      const list = (options: InNamespace & { fieldSelector?: string } = {}) =>
        ask<ListPage<T> & { metadata: { resourceVersion: string } }>({ verb: 'list', fieldSelector: options.fieldSelector }, options).then(
          ({ items, metadata }): ListPage<T> => ({ items, resourceVersion: metadata.resourceVersion }),
        );
      return {
        list,
        get: (name, options) => ask({ verb: 'get', name }, options),
        async *pages(options) {
          yield await list(options);
        },
        create: (object, options = {}) => ask({ verb: 'create', name: object.metadata.name }, homeOf(object, options), object),
        update: (object, options = {}) => put(object, options),
        updateStatus: (object, options = {}) => put(object, { ...options, subresource: 'status' }),
        patch: (name, body, options) => ask({ verb: 'patch', name }, options, body),
        delete: (name, { preconditions, propagationPolicy, ...options } = {}) =>
          ask({ verb: 'delete', name }, options, { preconditions, propagationPolicy }),
        watch: (options = {}) => watches.open<T>({ process, ref, options }),
        apply: () => Promise.reject(new TypeError('nobody here applies')),
        deleteCollection: () => Promise.reject(new TypeError('nobody here deletes collections')),
      };
    },
  };
}

/** One request and its answer. What comes too late is not heard; what was sent may be done nevertheless. */
function exchange<T>({ process, network, server, timeline, dice, onTaken }: ClientDeps, asked: Asked, options: CallOptions): Promise<T> {
  const { signal, timeoutMs = callMs } = options;
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => end(() => reject(signal?.reason));
    const end = (settle: () => void) => {
      cancel();
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const fail = (reason: 'Timeout' | 'Reset' | 'Refused') =>
      end(() => reject(new TransportError(reason, `the API server: ${reason}`, { mayHaveHappened: reason !== 'Refused' })));
    const cancel = process.after(timeoutMs, () => fail('Timeout'));
    const lose = () => {
      if (dice.chance(noticedShare)) process.after(dice.between(noticeMs.least, noticeMs.most), () => fail('Reset'));
    };
    const sentMs = timeline.nowMs;
    const reply = (answer: Answer) => {
      if ('text' in answer) onTaken(process, asked, sentMs);
      const backMs = network.leg(process.machine, 'fromServer');
      if (backMs === undefined) return lose();
      // The server's JSON of what was asked for is of that kind.
      process.after(backMs, () => end(() => ('text' in answer ? resolve(JSON.parse(answer.text) as T) : reject(answer.error))));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const outMs = network.leg(process.machine, 'toServer');
    if (outMs === undefined) return lose();
    timeline.at(timeline.nowMs + outMs, () => {
      if (server.isUp) return server.serve(asked, reply);
      const backMs = network.leg(process.machine, 'fromServer');
      if (backMs !== undefined) process.after(backMs, () => fail('Refused'));
    });
  });
}
