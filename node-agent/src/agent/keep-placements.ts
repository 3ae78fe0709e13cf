import type { Placement } from '@river/crds/kinds';
import { type Clock, type Informer, type Logger, type Random, sleep, workQueue } from '@river/runtime';
import { DriverError } from '../driver/driver.ts';
import { OrderError } from '../order/read-secrets.ts';
import { workOf } from '../order/work-of.ts';
import { planOne } from '../plan/plan.ts';
import type { Action, Container, Limits } from '../plan/work.ts';
import { type ReportDeps, reporter } from '../report/report-status.ts';
import type { Trouble } from '../report/status-of.ts';
import { perform, type WorkDeps } from './run-work.ts';

export interface KeepingDeps extends WorkDeps, ReportDeps {
  placements: Pick<Informer<Placement>, 'byIndex' | 'isSynced' | 'list' | 'subscribe'>;
  limits(): Limits;
  clock: Clock;
  random: Random;
  log: Logger;
  signal: AbortSignal;
}

export const byUid = { uid: (placement: Placement) => [placement.metadata.uid ?? ''] };

const parallelism = 64;
const backoff = { baseMs: 300, maxMs: 10_000 };
/** What is wrong with a workload itself is tried so often; with the node, for as long as it lasts. */
const mostTries = 6;
const mostRounds = 10;
/** A fetch that takes longer is told of. */
const longPullMs = 500;

/** Why it cannot be made, when trying for ever would not help. */
const ownFaults = new Set(['ImagePull', 'ImageMissing', 'Refused', 'SecretMissing', 'SecretUnreadable', 'NoSuchDevice', 'MountNotAllowed']);

/** Brings each Placement of this node to what it says, one at a time for each and many beside each other, and reports. */
export function keepPlacements(deps: KeepingDeps) {
  const { placements, journal, driver, clock, log, signal } = deps;
  const tries = new Map<string, number>();
  const pulls = new Map<string, AbortController>();
  const report = reporter(deps);

  const settle = settler(deps, pulls, report);
  const fail = async (uid: string, error: unknown) => {
    const trouble = troubleOf(error);
    if (signal.aborted || !trouble) throw error;
    const count = (tries.get(uid) ?? 0) + 1;
    tries.set(uid, count);
    const admission = journal.get(uid);
    if (ownFaults.has(trouble.reason) && count >= mostTries && admission && !admission.mayHaveStarted) {
      tries.delete(uid);
      journal.put({ ...admission, outcome: { phase: 'Failed', ...trouble, finishMs: deps.nowMs() } });
      await report(uid, undefined);
      return;
    }
    await report(uid, undefined, trouble);
    throw error;
  };
  const run = async (uid: string): Promise<number | undefined> => {
    let container: Container | undefined;
    try {
      container = await settle(uid);
    } catch (error) {
      // A fetch that was called off: what is wanted now is looked at at once.
      if (error instanceof Error && error.name === 'AbortError' && !signal.aborted) return clock.monotonicMs();
      await fail(uid, error);
      return undefined;
    }
    tries.delete(uid);
    await report(uid, container);
    return againAt(uid, container);
  };
  const againAt = (uid: string, container: Container | undefined): number | undefined => {
    const { timeoutMs, outcome } = journal.get(uid) ?? {};
    if (outcome || timeoutMs === undefined || container?.startMs === undefined) return undefined;
    return clock.monotonicMs() + Math.max(0, container.startMs + timeoutMs - clock.wallMs()) + 1;
  };
  const queue = workQueue({ run, signal, clock, random: deps.random, parallelism, backoff, log });

  const changed = (placement: Placement) => {
    const uid = placement.metadata.uid ?? '';
    if (workOf(placement)?.power === 'Stopped') pulls.get(uid)?.abort();
    queue.add(uid);
  };
  const addAll = async () => {
    // What came while fenced work stood still has no record and no container yet.
    for (const { metadata } of placements.list()) queue.add(metadata.uid ?? '');
    for (const { uid } of await driver.observe(signal)) queue.add(uid);
    for (const { uid } of journal.all()) queue.add(uid);
  };
  placements.subscribe({
    added: changed,
    updated: changed,
    deleted: (placement) => {
      pulls.get(placement.metadata.uid ?? '')?.abort();
      queue.add(placement.metadata.uid ?? '');
    },
    // From here on what is not wanted is an orphan.
    synced: () => void addAll().catch((error) => log.warn('the containers could not be listed yet', { error })),
  });
  return { changed: (uid?: string) => (uid === undefined ? addAll() : Promise.resolve(queue.add(uid))), idle: queue.idle };
}

function troubleOf(error: unknown): Trouble | undefined {
  return error instanceof DriverError || error instanceof OrderError ? { reason: error.reason, message: error.message } : undefined;
}

/** Acts until nothing is left to do. A fetch stands in `pulls`, to be called off when it is not wanted any more. */
function settler(
  { placements, journal, driver, clock, log, signal, ...deps }: KeepingDeps,
  pulls: Map<string, AbortController>,
  report: ReturnType<typeof reporter>,
) {
  const all = { placements, journal, driver, clock, log, signal, ...deps };
  const find = (uid: string) => placements.byIndex('uid', uid)[0];
  const pull = async (uid: string, action: Action) => {
    const stop = new AbortController();
    pulls.set(uid, stop);
    const work = perform(action, find(uid), all, AbortSignal.any([signal, stop.signal]));
    const slow = sleep(clock, longPullMs, stop.signal).then(() =>
      report(uid, undefined, { reason: 'Pulling', message: 'its image is being fetched' }),
    );
    slow.catch(() => {});
    await work.finally(() => {
      pulls.delete(uid);
      stop.abort();
    });
  };
  /** Whoever would call it lost has looked at it before: that it was taken on is there before it starts, or it was called lost and does not. */
  const claim = async (uid: string) => {
    if (!(await report(uid, undefined))) throw new Error('it is over, by the word of the server');
  };
  const act = async (uid: string, actions: readonly Action[]) => {
    for (const action of actions) {
      if (action.do === 'start' && journal.get(uid)?.isFenced) await claim(uid);
      await (action.do === 'pull' ? pull(uid, action) : perform(action, find(uid), all, signal));
    }
  };
  return async (uid: string): Promise<Container | undefined> => {
    for (let round = 0; round < mostRounds; round++) {
      const containers = await driver.observe(signal, uid);
      const placement = find(uid);
      const work = placement ? workOf(placement) : undefined;
      const actions = planOne(placements.isSynced || work ? work : 'unknown', journal.get(uid), containers, journal.all(), deps.limits());
      if (actions.length === 0) return containers.find(({ epoch }) => epoch === journal.get(uid)?.epoch);
      log.debug('acts', { uid, actions: actions.map(({ do: what }) => what) });
      await act(uid, actions);
    }
    throw new Error(`the plan for ${uid} does not come to rest`);
  };
}
