import { sleep } from '@river/runtime';
import type { LoopDeps } from '../write/loop-deps.ts';

const everyMs = 5 * 60 * 1000;
const lookEveryMs = 10 * 1000;
const mostRevisions = 100_000n;

/** Keeps between five and ten minutes of history, and less when that would be too many revisions. An idle server compacts nothing. */
export async function compactHistory({ store, feed, clock, signal, log }: LoopDeps): Promise<void> {
  let mark = feed.revision();
  let markedMs = clock.monotonicMs();
  let compacted = mark;
  while (!signal.aborted) {
    await sleep(clock, lookEveryMs, signal).catch(() => undefined);
    const isTime = clock.monotonicMs() - markedMs >= everyMs;
    const isMuch = feed.revision() - mark > mostRevisions;
    if (!isTime && !isMuch) continue;
    if (mark > compacted) {
      await store.compact(mark).then(
        () => (compacted = mark),
        (error) => log.warn('the history could not be compacted', { revision: mark.toString(), error }),
      );
    }
    mark = feed.revision();
    markedMs = clock.monotonicMs();
  }
}
