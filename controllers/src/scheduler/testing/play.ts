import { type SchedulingOptions, schedule } from '../schedule.ts';
import type { Decision, Pending, Snapshot } from '../snapshot.ts';
import { afterBindings } from './advance.ts';

export interface Played {
  /** When each has started. */
  startedMs: Map<string, number>;
  /** What was said of each when it was first decided about. */
  told: Map<string, Decision['waiting'][number]>;
  evictions: Decision['evictions'];
  passes: number;
}

interface Playing {
  snapshot: Snapshot;
  /** Come later, at their `createdMs`. */
  arrivals?: readonly Pending[];
  options?: Partial<SchedulingOptions>;
  /** How long something really runs; by default as long as it may. */
  runMs?: (key: string, longestMs: number) => number;
  untilMs?: number;
  onDecision?: (snapshot: Snapshot, decision: Decision, nowMs: number) => void;
}

/** Plays a cluster through time: what is bound runs and ends, what is evicted ends after its grace, and each event is followed by a pass. */
export function play({
  snapshot,
  arrivals = [],
  options,
  runMs = (_, longestMs) => longestMs,
  untilMs = 1e9,
  onDecision,
}: Playing): Played {
  const played: Played = { startedMs: new Map(), told: new Map(), evictions: [], passes: 0 };
  const endsAt = new Map<string, number>();
  const end = (key: string, startedMs: number, longestMs: number) => endsAt.set(key, startedMs + runMs(key, longestMs));
  for (const { key, startedMs = 0, longestMs } of snapshot.holders) end(key, startedMs, longestMs);
  let now = snapshot;
  let coming = arrivals.toSorted((a, b) => a.createdMs - b.createdMs);
  for (let nowMs = 0; nowMs <= untilMs; ) {
    const gone = new Set([...endsAt].filter(([, atMs]) => atMs <= nowMs).map(([key]) => key));
    for (const key of gone) endsAt.delete(key);
    const here = coming.filter(({ createdMs }) => createdMs <= nowMs);
    coming = coming.slice(here.length);
    now = { ...now, holders: now.holders.filter(({ key }) => !gone.has(key)), pending: [...now.pending, ...here] };
    const decision = schedule(now, nowMs, options);
    onDecision?.(now, decision, nowMs);
    played.passes++;
    for (const waiting of decision.waiting) if (!played.told.has(waiting.key)) played.told.set(waiting.key, waiting);
    for (const { key } of decision.bindings) {
      played.startedMs.set(key, nowMs);
      end(key, nowMs, now.pending.find((each) => each.key === key)?.ask.longestMs ?? 0);
    }
    const evicted = new Map(decision.evictions.map((eviction) => [eviction.key, eviction]));
    for (const [key, { graceMs }] of evicted) endsAt.set(key, Math.min(endsAt.get(key) ?? Infinity, nowMs + graceMs));
    played.evictions.push(...decision.evictions);
    now = afterBindings(now, decision.bindings, nowMs);
    now = { ...now, holders: now.holders.map((holder) => (evicted.has(holder.key) ? { ...holder, isLeaving: true } : holder)) };
    const next = Math.min(...endsAt.values(), coming[0]?.createdMs ?? Infinity);
    if (!Number.isFinite(next)) break;
    nowMs = Math.max(nowMs, next);
  }
  return played;
}
