import { durationMs, type KubeObject } from '@river/crds';
import type { Now, View } from './decision.ts';

/**
 * When something that is kept for people falls due: a duration after this revision was first seen here. Where the timestamp says that
 * the duration is over already, a few minutes of sight are enough, since otherwise each restart would begin a long wait anew.
 * Never for what must not be early: a timestamp is another machine's word.
 */
export function dueAt(object: KubeObject, duration: string, since: string | undefined, view: View, now: Now): number {
  const lengthMs = durationMs(duration);
  const seenMs = view.seenAt(object) ?? now.monotonicMs;
  const leftByWallMs = since === undefined ? lengthMs : Date.parse(since) + lengthMs - now.wallMs;
  return Math.min(seenMs + lengthMs, Math.max(seenMs + Math.min(lengthMs, sightMs), now.monotonicMs + leftByWallMs));
}

const sightMs = 300_000;
