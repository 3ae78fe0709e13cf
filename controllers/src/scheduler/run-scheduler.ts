import type { KubeObject } from '@river/crds';
import { type Node, Placement, type PriorityClass, Queue, type ResourceDef } from '@river/crds/kinds';
import type { ApiClient, Clock, Informer, Logger, ResourceRef } from '@river/runtime';
import { usageKeeper } from './keep-usage.ts';
import { placementBook } from './placement-book.ts';
import { isOver } from './read-placement.ts';
import { snapshotReader } from './read-snapshot.ts';
import { runTimes } from './run-times.ts';
import { type SchedulingOptions, schedule } from './schedule.ts';
import type { Decision } from './snapshot.ts';
import { settleSupposed, writeDecision } from './write-decision.ts';
import { queueWriter } from './write-queues.ts';
import { waitingWriter } from './write-waiting.ts';

/** What it watches, already running. */
export interface SchedulerInformers {
  nodes: Informer<Node>;
  placements: Informer<Placement>;
  queues: Informer<Queue>;
  priorityClasses: Informer<PriorityClass>;
  namespaces: Informer<KubeObject>;
}

export interface SchedulerDeps {
  client: Pick<ApiClient, 'resource'>;
  informers: SchedulerInformers;
  clock: Clock;
  log: Logger;
  /** Ends it: after this nothing is begun any more. Only one scheduler should run at a time; the holder of the lease passes its signal. */
  signal: AbortSignal;
  options?: Partial<SchedulingOptions>;
  /** Told after each pass, for metrics. */
  onPass?: (pass: PassReport) => void;
}

export interface PassReport {
  bound: number;
  evicted: number;
  failed: number;
  waiting: number;
  decideMs: number;
  totalMs: number;
}

export const refOf = ({ group, version, plural, kind, scope }: ResourceDef<unknown, unknown>): ResourceRef => ({
  ...{ group, version, plural, kind },
  namespaced: scope === 'Namespaced',
});

/** Changes that come together are decided together. */
const settleMs = 5;
/** Estimates and shares change with time alone. */
const idleMs = 10_000;
const afterFailureMs = 1_000;
/** So that what comes while bindings are written is not kept waiting for long. */
const mostBindings = 500;

/**
 * Runs the scheduler until its signal: one pass at a time, soon after something has changed. Resolves when the last pass is over.
 * What is half written when it is killed is seen by the next one as what it is: some are bound, the others still wait.
 */
export async function runScheduler(deps: SchedulerDeps): Promise<void> {
  const { informers, clock, log, signal } = deps;
  const bell = doorbell();
  const passes = openPasses(deps, bell);
  const ring = { added: bell.ring, updated: bell.ring, deleted: bell.ring };
  const stops = [
    informers.placements.subscribe({
      added(placement) {
        passes.book.take(placement);
        passes.times.learn(placement);
        bell.ring();
      },
      updated(placement, previous) {
        passes.book.take(placement);
        if (!isOver(previous)) passes.times.learn(placement);
        bell.ring();
      },
      deleted(placement) {
        passes.book.drop(placement);
        bell.ring();
      },
    }),
    ...[informers.nodes, informers.queues, informers.priorityClasses, informers.namespaces].map((each) => each.subscribe(ring)),
  ];
  const onAbort = () => bell.ring();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.all(Object.values(informers).map((each) => Promise.race([each.synced(), aborted(signal)])));
    bell.ring();
    while (!signal.aborted) {
      const waitMs = await passes.run().catch((error: unknown) => {
        if (!signal.aborted) log.error('a scheduling pass failed and will be tried again', { error });
        return afterFailureMs;
      });
      await pause(clock, waitMs, signal);
      await bell.wait(clock, idleMs);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    for (const stop of stops) stop();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}

type Doorbell = ReturnType<typeof doorbell>;

/** Rung any number of times, it wakes once. */
function doorbell() {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      isRung = true;
      wake?.();
    },
    async wait(clock: Clock, mostMs: number): Promise<void> {
      if (!isRung) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const cancel = clock.after(mostMs, resolve);
        wake = resolve;
        await promise;
        cancel();
        wake = undefined;
      }
      isRung = false;
    },
  };
}

function openPasses(deps: SchedulerDeps, bell: Doorbell) {
  const { client, informers, clock, log, signal } = deps;
  const placements = client.resource<Placement>(refOf(Placement));
  const book = placementBook();
  const read = snapshotReader();
  const queuesApi = client.resource<Queue>(refOf(Queue));
  const usage = usageKeeper(clock, queuesApi);
  const writeQueues = queueWriter({ queues: queuesApi, clock, log, signal });
  const times = runTimes();
  const writing = { placements, book, log, signal };
  const writeWaiting = waitingWriter({ placements, book, clock, log, signal });

  const decide = (): Decision => {
    const queues = informers.queues.list();
    const snapshot = read({
      ...{ nodes: informers.nodes.list(), placements: book.all(), queues, usage: usage.shares(queues) },
      ...{ priorityClasses: informers.priorityClasses.list(), namespaces: informers.namespaces.list() },
      expectedMs: times.expectedMs,
    });
    return schedule(snapshot, clock.wallMs(), { mostBindings, ...deps.options });
  };

  return {
    book,
    times,
    /** One pass. Answers how long to wait at least before the next. */
    async run(): Promise<number> {
      const startMs = clock.monotonicMs();
      await settleSupposed(writing);
      const decision = decide();
      const decideMs = clock.monotonicMs() - startMs;
      usage.advance(decision.queues);
      const written = await writeDecision(writing, decision);
      await writeWaiting(decision.waiting);
      const queues = informers.queues.list();
      await usage.write(queues, signal);
      await writeQueues(queues, decision.queues);
      deps.onPass?.({ ...written, waiting: decision.waiting.length, decideMs, totalMs: clock.monotonicMs() - startMs });
      if (written.failed > 0) return afterFailureMs;
      if (!decision.isComplete) bell.ring();
      // At most half of the time is spent on deciding, but for what can start at once.
      return decision.isComplete ? Math.max(settleMs, Math.min(afterFailureMs, decideMs)) : settleMs;
    },
  };
}
