import type { JsonObject } from '@river/crds';
import type { Queue } from '@river/crds/kinds';
import type { Clock, Logger, ResourceClient } from '@river/runtime';
import type { QueueView } from './snapshot.ts';
import { amountsText } from './write-amounts.ts';

export interface QueueWritingDeps {
  queues: Pick<ResourceClient<Queue>, 'patch'>;
  clock: Pick<Clock, 'monotonicMs'>;
  log: Pick<Logger, 'debug'>;
  signal: AbortSignal;
}

/** What is said of a queue may be so old: it is for people, and must not crowd out work. */
const leastBetweenMs = 2_000;

/** Keeps the status of each Queue as it is used. */
export function queueWriter({ queues, clock, log, signal }: QueueWritingDeps) {
  const said = new Map<string, { text: string; atMs: number }>();
  return async (all: readonly Queue[], views: readonly QueueView[]): Promise<void> => {
    const byName = new Map(views.map((view) => [view.name, view]));
    for (const { metadata, status = {} } of all) {
      const view = byName.get(metadata.name);
      if (!view || signal.aborted) continue;
      const fresh = statusOf(view, metadata.generation);
      const text = JSON.stringify([metadata.uid, fresh]);
      const before = said.get(metadata.name);
      const isSaid = before ? before.text === text : isContained(fresh, status);
      if (isSaid || (before && clock.monotonicMs() - before.atMs < leastBetweenMs)) continue;
      const isWritten = await write(queues, metadata, fresh, signal).catch((error: unknown) => {
        // The next pass says it again; a pass does not fail for what is only told.
        if (!signal.aborted) log.debug('the status of a queue could not be written yet', { queue: metadata.name, error });
        return false;
      });
      said.set(metadata.name, { text: isWritten ? text : '', atMs: clock.monotonicMs() });
    }
    const names = new Set(all.map(({ metadata }) => metadata.name));
    for (const name of said.keys()) if (!names.has(name)) said.delete(name);
  };
}

function statusOf({ pending, running, used, borrowed, fairShare }: QueueView, generation: number | undefined): JsonObject {
  return {
    ...{ pending, running, used: amountsText(used), borrowed: amountsText(borrowed), fairShare: amountsText(fairShare) },
    ...(generation !== undefined && { observedGeneration: generation }),
  };
}

const isContained = (fresh: JsonObject, status: object): boolean => {
  const there = new Map(Object.entries(status));
  return Object.entries(fresh).every(([name, value]) => JSON.stringify(there.get(name)) === JSON.stringify(value));
};

async function write(
  queues: QueueWritingDeps['queues'],
  { name, uid = '' }: Queue['metadata'],
  status: JsonObject,
  signal: AbortSignal,
): Promise<boolean> {
  const options = { type: 'merge', subresource: 'status', fieldManager: 'river-scheduler', signal } as const;
  await queues.patch(name, { metadata: { uid }, status }, options);
  return true;
}
