import { ApiError, type JsonObject } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import type { Clock, Logger, ResourceClient } from '@river/runtime';
import { inParallel } from './in-parallel.ts';
import type { PlacementBook } from './placement-book.ts';
import { isBound, keyOf } from './read-placement.ts';
import type { Waiting } from './snapshot.ts';

export interface WaitingDeps {
  placements: Pick<ResourceClient<Placement>, 'patch'>;
  book: PlacementBook;
  clock: Pick<Clock, 'monotonicMs' | 'wallMs'>;
  log: Logger;
  signal: AbortSignal;
}

/** How often one placement's reasons are written again, and how many are written in all: explanations must not crowd out work. */
const leastBetweenMs = 10_000;
const mostPerSecond = 20;
const mostAtOnce = 100;
const mostRemembered = 100_000;

export type WaitingWriter = (waiting: readonly Waiting[]) => Promise<void>;

/**
 * Keeps `status.waiting` true while a placement waits: what has changed is written, at a bounded rate. Once it is bound its status is
 * the node's, so the last reason stays until the node has written.
 */
export function waitingWriter(deps: WaitingDeps): WaitingWriter {
  const { book, clock, signal } = deps;
  const writtenAtMs = new Map<string, number>();
  let allowance = mostAtOnce;
  let lastMs = clock.monotonicMs();

  const isDue = (key: string, nowMs: number) => nowMs - (writtenAtMs.get(key) ?? Number.NEGATIVE_INFINITY) >= leastBetweenMs;
  const remember = (key: string, nowMs: number) => {
    writtenAtMs.delete(key);
    writtenAtMs.set(key, nowMs);
    const oldest = writtenAtMs.size > mostRemembered ? writtenAtMs.keys().next().value : undefined;
    if (oldest !== undefined) writtenAtMs.delete(oldest);
  };
  const write = async (placement: Placement, waiting: JsonObject) => {
    const { name, namespace = '', uid = '', resourceVersion = '' } = placement.metadata;
    const body = { metadata: { uid, resourceVersion }, status: { waiting } };
    try {
      book.answered(
        await deps.placements.patch(name, body, {
          type: 'merge',
          subresource: 'status',
          namespace,
          fieldManager: 'river-scheduler',
          signal,
        }),
      );
    } catch (error) {
      if (!ApiError.is(error, 'Conflict') && !ApiError.is(error, 'NotFound')) throw error;
    }
  };

  return async (waiting) => {
    const nowMs = clock.monotonicMs();
    allowance = Math.min(mostAtOnce, allowance + ((nowMs - lastMs) / 1000) * mostPerSecond);
    lastMs = nowMs;
    const due = changesOf(book, waiting, clock.wallMs())
      .filter(({ placement }) => isDue(keyOf(placement), nowMs))
      .slice(0, Math.floor(allowance));
    allowance -= due.length;
    for (const { placement } of due) remember(keyOf(placement), nowMs);
    await inParallel(due, 8, ({ placement, next }) => (signal.aborted ? Promise.resolve() : write(placement, next)));
  };
}

interface WaitingChange {
  placement: Placement;
  next: JsonObject;
}

function changesOf(book: PlacementBook, waiting: readonly Waiting[], wallMs: number): WaitingChange[] {
  const changes: WaitingChange[] = [];
  for (const each of waiting) {
    const placement = book.get(each.key);
    if (placement && !isBound(placement) && isNews(placement.status?.waiting, each, wallMs))
      changes.push({ placement, next: written(each) });
  }
  return changes;
}

type Shown = NonNullable<Placement['status']>['waiting'];

/** An estimate that has moved by a tenth of what is left, and by half a minute, is news. */
function isNews(shown: Shown, { reason, message, nodes, estimatedStartMs }: Waiting, wallMs: number): boolean {
  if (!shown || shown.reason !== reason || shown.message !== message.slice(0, mostText)) return true;
  if (JSON.stringify(shown.nodes ?? []) !== JSON.stringify(nodes)) return true;
  const shownMs = shown.estimatedStartTime === undefined ? undefined : Date.parse(shown.estimatedStartTime);
  if (shownMs === undefined || estimatedStartMs === undefined) return shownMs !== estimatedStartMs;
  const movedMs = Math.abs(shownMs - estimatedStartMs);
  return movedMs > 30_000 && movedMs > 0.1 * Math.max(0, estimatedStartMs - wallMs);
}

/** What the schema allows. */
const mostText = 32_768;
/** The last moment that a date can say in four digits of a year. */
const lastMomentMs = Date.UTC(9999, 11, 31);

const written = ({ reason, message, nodes, estimatedStartMs }: Waiting): JsonObject => ({
  reason,
  message: message.slice(0, mostText),
  nodes: nodes.map((node) => ({ ...node })),
  // A merge patch takes away what it says is null.
  estimatedStartTime: estimatedStartMs === undefined ? null : new Date(Math.min(estimatedStartMs, lastMomentMs)).toISOString(),
});
