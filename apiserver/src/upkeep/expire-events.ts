import { isObject } from '@river/crds';
import { sleep } from '@river/runtime';
import type { CachedObject } from '../cache/cached-object.ts';
import { decodeObject } from '../object/encode.ts';
import { resourcePrefix } from '../object/object-key.ts';
import { commit } from '../write/commit.ts';
import type { LoopDeps } from '../write/loop-deps.ts';

const eventsPrefix = resourcePrefix('', 'events');
const lifeMs = 60 * 60 * 1000;
const lookEveryMs = 60 * 1000;

interface Sight {
  revision: bigint;
  sinceMs: number;
}

/** Events are news: an hour after their last change they go. Nothing is written while none is due. */
export async function expireEvents({ clock, signal, log, feed, store }: LoopDeps): Promise<void> {
  let seen: ReadonlyMap<string, Sight> = new Map();
  while (!signal.aborted) {
    await sleep(clock, lookEveryMs, signal).catch(() => undefined);
    const events = feed.cacheOf(eventsPrefix).range(eventsPrefix);
    const nowMs = clock.monotonicMs();
    const due = events.filter((event) => isDue(event, seen.get(event.key), nowMs, clock.wallMs()));
    seen = new Map(events.map((event) => [event.key, sightOf(event, seen.get(event.key), nowMs)]));
    for (const { key, revision } of due) {
      if (signal.aborted) return;
      await commit(store, [{ key, revision }], [{ key, value: null }]).catch((error) =>
        log.warn('an event could not be expired', { key, error }),
      );
    }
  }
}

const sightOf = ({ revision }: CachedObject, before: Sight | undefined, nowMs: number): Sight =>
  before?.revision === revision ? before : { revision, sinceMs: nowMs };

/** Judged by this server's own sight of the event; one that is new to it goes at once when it is far too old by its own times. */
function isDue(event: CachedObject, sight: Sight | undefined, nowMs: number, wallMs: number): boolean {
  if (sight) return sight.revision === event.revision && nowMs - sight.sinceMs >= lifeMs;
  const longAgoMs = wallMs - 2 * lifeMs;
  return Date.parse(event.createdAt) < longAgoMs && lastSaidMs(event) < longAgoMs;
}

/** The latest of the times that an event gives for what it tells of; its creation is not one of them. */
function lastSaidMs({ bytes }: CachedObject): number {
  const { lastTimestamp, eventTime, series } = decodeObject(bytes);
  const said = [lastTimestamp, eventTime, isObject(series) ? series.lastObservedTime : undefined];
  return Math.max(0, ...said.map((time) => Date.parse(String(time))).filter((ms) => !Number.isNaN(ms)));
}
