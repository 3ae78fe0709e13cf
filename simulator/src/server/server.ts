import type { Core, Store } from '@river/apiserver/core';
import { ApiError } from '@river/crds';
import type { Logger } from '@river/runtime';
import type { Dice } from '../dice.ts';
import type { Machine, Process } from '../time/machine.ts';
import type { Trace } from '../trace.ts';
import { type Asked, answer } from './answer.ts';
import type { Prepared } from './prepared-store.ts';

/** What came of a request: nothing at all when the server died before it had answered. */
export type Answer = { text: string } | { error: unknown };

/** The API server: the real core over a store that outlives it. */
export interface Server {
  readonly isUp: boolean;
  /** Of the one that runs now. */
  core(): Core | undefined;
  serve(asked: Asked, reply: (answer: Answer) => void): void;
  start(): Promise<void>;
  /** As by kill -9: what is in the store is all that is left. */
  crash(): void;
  onCrash(call: () => void): void;
}

export interface ServerDeps {
  prepared: Prepared;
  store: Store;
  machine: Machine;
  dice: Dice;
  trace: Trace;
  log: Logger;
  /** A bug of the server's own. */
  onBug(error: unknown): void;
}

export function server({ prepared, store, machine, dice, trace, log, onBug }: ServerDeps): Server {
  const listeners: (() => void)[] = [];
  const uids = dice.fork('uids');
  let running: { core: Core; process: Process } | undefined;
  return {
    get isUp() {
      return running !== undefined;
    },
    core: () => running?.core,
    async start() {
      const process = machine.process('apiserver');
      const core = await prepared.startCore({
        store: whileAlive(store, process),
        clock: process.clock,
        random: dice.fork('server').random,
        newUid: () => newUid(uids),
        log,
      });
      running = { core, process };
    },
    crash() {
      if (!running) return;
      const { core, process } = running;
      running = undefined;
      process.kill();
      core.stop();
      void core.close();
      for (const call of listeners) call();
    },
    onCrash: (call) => void listeners.push(call),
    serve(asked, reply) {
      if (!running) throw new Error('nobody serves');
      const { core, process } = running;
      const line = `${asked.requester.username} ${asked.verb} ${asked.ref.plural}/${asked.name}${asked.subresource && `/${asked.subresource}`}`;
      const done = (answer: Answer, told: string) => {
        trace.tell(`${line}: ${told}`);
        if (process.isAlive) reply(answer);
      };
      answer(core, asked).then(
        (text) => done({ text }, `ok ${/"resourceVersion":"(\d+)"/.exec(text)?.[1] ?? ''}`),
        (error) => {
          if (!ApiError.is(error)) onBug(error);
          done({ error }, ApiError.is(error) ? error.reason : String(error));
        },
      );
    },
  };
}

/** A process that has died writes nothing more, whatever it was about to do. */
function whileAlive(store: Store, process: Process): Store {
  return {
    ...store,
    txn: (checks, writes, signal) => (process.isAlive ? store.txn(checks, writes, signal) : new Promise(() => {})),
    compact: async () => {},
  };
}

function newUid(dice: Dice): string {
  const hex = (length: number) => Array.from({ length }, () => dice.below(16).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
}
