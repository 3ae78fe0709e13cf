import { sleep } from '@river/runtime';
import { resourcePrefix } from '../object/object-key.ts';
import { commit } from '../write/commit.ts';
import type { LoopDeps } from '../write/loop-deps.ts';

const eventsPrefix = resourcePrefix('', 'events');
const lifeMs = 60 * 60 * 1000;
const lookEveryMs = 60 * 1000;
const atOnce = 500;

/** Events are news: an hour after their last change they go. Nothing is written while none is due. */
export async function expireEvents(deps: LoopDeps): Promise<void> {
  const { clock, signal, log, feed } = deps;
  const lastChange = new Map<string, { revision: bigint; seenMs: number }>();
  while (!signal.aborted) {
    await sleep(clock, lookEveryMs, signal).catch(() => undefined);
    const events = feed.cacheOf(eventsPrefix).range(eventsPrefix);
    const due = events.filter(({ key, revision, createdAt }) => {
      const known = lastChange.get(key);
      if (known?.revision === revision) return clock.monotonicMs() - known.seenMs > lifeMs;
      lastChange.set(key, { revision, seenMs: clock.monotonicMs() });
      return known === undefined && clock.wallMs() - Date.parse(createdAt) > 2 * lifeMs;
    });
    for (const { key, revision } of due.slice(0, atOnce)) {
      await commit(deps.store, [{ key, revision }], [{ key, value: null }]).catch((error) =>
        log.warn('an event could not be expired', { key, error }),
      );
      lastChange.delete(key);
    }
    const present = new Set(events.map(({ key }) => key));
    for (const key of lastChange.keys()) if (!present.has(key)) lastChange.delete(key);
  }
}
