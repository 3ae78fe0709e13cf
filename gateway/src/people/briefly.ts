import type { Clock } from '@river/runtime';

export interface BrieflyOptions {
  clock: Pick<Clock, 'monotonicMs'>;
  ms: number;
  /** The most answers that are remembered; of more, the oldest go. */
  most: number;
}

/** Asks the same question once for all who ask it within a moment. */
export function briefly<T>({ clock, ms, most }: BrieflyOptions): (key: string, ask: () => Promise<T>) => Promise<T> {
  const known = new Map<string, { atMs: number; answer: Promise<T> }>();
  return (key, ask) => {
    const nowMs = clock.monotonicMs();
    const found = known.get(key);
    if (found && nowMs - found.atMs < ms) return found.answer;
    const answer = ask();
    known.delete(key);
    known.set(key, { atMs: nowMs, answer });
    for (const [oldest, { atMs }] of known) {
      if (known.size <= most && nowMs - atMs < ms) break;
      known.delete(oldest);
    }
    return answer;
  };
}
