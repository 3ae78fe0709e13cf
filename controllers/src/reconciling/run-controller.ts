import type { KubeObject } from '@river/crds';
import type { ResourceDef } from '@river/crds/kinds';
import { type ApiClient, backoffMs, type Clock, type Logger, type Random, type WorkQueue, workQueue } from '@river/runtime';
import { tell } from '../decide/changes.ts';
import type { Reconciler, Step, View } from '../decide/decision.ts';
import { applyChanges, type Outdated } from './apply-changes.ts';
import type { Cluster } from './cluster.ts';
import type { Counters } from './counters.ts';
import type { Told } from './tell-events.ts';

/** An object by its name. */
export interface Key {
  name: string;
  namespace?: string | undefined;
}

/** Which objects to look at again when one of another kind has changed. */
export interface Wake {
  kind: ResourceDef;
  keys(object: KubeObject, previous: KubeObject | undefined, view: View): Key[];
}

export interface Controller {
  name: string;
  kind: ResourceDef;
  reconcile: Reconciler<KubeObject>;
  wakes: readonly Wake[];
  parallelism?: number;
}

export interface ControllerDeps {
  cluster: Cluster;
  client: Pick<ApiClient, 'resource'>;
  kinds: readonly ResourceDef[];
  tell(event: Told): void;
  counters: Counters;
  clock: Clock;
  random: Random;
  log: Logger;
  /** Nothing is begun after it, and what is under way is cut off. */
  signal: AbortSignal;
}

/** How long a cache may take to show what was written, before it is decided again without. */
const catchUpMs = 2_000;
const conflictBackoff = { baseMs: 20, maxMs: 5_000 };

const textOf = ({ name, namespace }: Key): string => (namespace === undefined ? name : `${namespace}/${name}`);
const keyOf = (text: string): Key => {
  const [first = '', second] = text.split('/');
  return second === undefined ? { name: first } : { namespace: first, name: second };
};

/** What is remembered of a key between two turns. */
interface Memory {
  outdated: Outdated[];
  untilMs: number;
  conflicts: number;
}

/** Runs one reconciler over its objects, each by itself: what goes wrong with one is tried again later and holds up no other. */
export function runController(controller: Controller, deps: ControllerDeps): WorkQueue {
  const { cluster, clock, random, signal, log } = deps;
  const memories = new Map<string, Memory>();
  const turn = turnOf(controller, deps, memories);
  const queue = workQueue({
    run: turn,
    signal,
    clock,
    random,
    parallelism: controller.parallelism ?? 32,
    log: log.with({ controller: controller.name }),
  });
  const wakeAll = (keys: readonly Key[]) => {
    for (const key of keys) queue.add(textOf(key));
  };
  const stops = [
    cluster.follow(controller.kind, ({ metadata }, _previous, isGone) => {
      const key = textOf(metadata);
      if (!isGone) return queue.add(key);
      memories.delete(key);
      queue.forget(key);
    }),
    ...controller.wakes.map(({ kind, keys }) => cluster.follow(kind, (object, previous) => wakeAll(keys(object, previous, cluster)))),
  ];
  const unfollow = () => {
    for (const stop of stops) stop();
  };
  signal.addEventListener('abort', unfollow, { once: true });
  return queue;
}

function turnOf(
  { name, kind, reconcile }: Controller,
  deps: ControllerDeps,
  memories: Map<string, Memory>,
): (key: string) => Promise<number | undefined> {
  const { cluster, clock, random, counters, signal } = deps;
  const labels = { controller: name };
  const isBehind = ({ kind, name, namespace, version }: Outdated) =>
    cluster.get({ kind } as ResourceDef, name, namespace)?.metadata.resourceVersion === version;
  const applying = { ...deps, count: (act: Step['act']) => counters.add('changes_total', { ...labels, act }) };
  return async (text) => {
    const key = keyOf(text);
    const object = cluster.get(kind, key.name, key.namespace);
    if (!object) return void memories.delete(text);
    const memory = memories.get(text);
    const nowMs = clock.monotonicMs();
    if (memory && nowMs < memory.untilMs && memory.outdated.some(isBehind)) return memory.untilMs;
    memories.delete(text);
    counters.add('reconciles_total', labels);
    try {
      const decision = reconcile(object, cluster, { monotonicMs: nowMs, wallMs: clock.wallMs() });
      const { conflict, outdated } = await applyChanges(applying, decision.changes, signal);
      const conflicts = conflict === undefined ? 0 : (memory?.conflicts ?? 0) + 1;
      if (outdated.length > 0 || conflicts > 0) memories.set(text, { outdated, untilMs: clock.monotonicMs() + catchUpMs, conflicts });
      if (conflict === undefined) return decision.again;
      counters.add('conflicts_total', labels);
      deps.log.debug('decided from an old view', { ...labels, key: text, conflict });
      return clock.monotonicMs() + backoffMs(conflicts, undefined, conflictBackoff, random);
    } catch (error) {
      if (signal.aborted) return undefined;
      counters.add('errors_total', labels);
      deps.tell(failureOf(object, error));
      throw error;
    }
  };
}

/** People see in the object's events what keeps it from going on. */
const failureOf = (object: KubeObject, error: unknown): Told => {
  const message = error instanceof Error ? error.message : String(error);
  return tell(object, 'Warning', 'ReconcileFailed', `This will be tried again: ${message}`) as Told;
};
