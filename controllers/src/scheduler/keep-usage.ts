import { ApiError } from '@river/crds';
import type { Queue } from '@river/crds/kinds';
import type { Clock, ResourceClient } from '@river/runtime';
import type { QueueView } from './snapshot.ts';
import { advanceUsage, formatUsage, parseUsage, type Usage, usageAnnotation } from './usage.ts';

export interface UsageKeeper {
  /** By queue: see `Snapshot.usage`. */
  shares(queues: readonly Queue[]): Record<string, number>;
  /** Counts what is used from the last time on, as it was then. */
  advance(views: readonly QueueView[]): void;
  /** Writes it into the Queue objects, now and then. */
  write(queues: readonly Queue[], signal: AbortSignal): Promise<void>;
}

const writeEveryMs = 60_000;
/** Less than this is nothing: whoever used so little long ago is as good as new. */
const leastShare = 1e-6;

/** What each queue has used, over restarts too. A namespace without queue is remembered only while the program runs. */
export function usageKeeper(clock: Clock, queues: Pick<ResourceClient<Queue>, 'patch'>): UsageKeeper {
  const known = new Map<string, { usage: Usage; share: number }>();
  let writtenAtMs = clock.monotonicMs();

  const learn = (all: readonly Queue[]) => {
    for (const { metadata } of all) {
      const usage = known.has(metadata.name) ? undefined : parseUsage(metadata.annotations?.[usageAnnotation]);
      if (usage) known.set(metadata.name, { usage, share: 0 });
    }
  };
  return {
    shares(all) {
      learn(all);
      const nowMs = clock.wallMs();
      return Object.fromEntries(Array.from(known, ([name, { usage, share }]) => [name, advanceUsage(usage, share, nowMs).share]));
    },
    advance(views) {
      const nowMs = clock.wallMs();
      const held = new Map(views.map(({ name, share }) => [name, share]));
      for (const name of new Set([...known.keys(), ...held.keys()])) {
        const before = known.get(name);
        const usage = advanceUsage(before?.usage, before?.share ?? 0, nowMs);
        const share = held.get(name) ?? 0;
        if (share === 0 && usage.share < leastShare) known.delete(name);
        else known.set(name, { usage, share });
      }
    },
    async write(all, signal) {
      if (clock.monotonicMs() - writtenAtMs < writeEveryMs) return;
      writtenAtMs = clock.monotonicMs();
      for (const { metadata } of all) {
        const usage = known.get(metadata.name)?.usage;
        const text = usage && formatUsage(usage);
        if (!text || metadata.annotations?.[usageAnnotation] === text || signal.aborted) continue;
        const body = { metadata: { uid: metadata.uid ?? '', annotations: { [usageAnnotation]: text } } };
        await queues.patch(metadata.name, body, { type: 'merge', fieldManager: 'river-scheduler', signal }).catch((error: unknown) => {
          if (!ApiError.is(error, 'NotFound') && !ApiError.is(error, 'Conflict')) throw error;
        });
      }
    },
  };
}
