import { ApiError } from '@river/crds';
import type { Clock, Logger, Random } from '@river/runtime';
import type { WriteDeps } from './write-context.ts';

/** What the server's own control loops need beyond writing. */
export interface LoopDeps extends WriteDeps {
  clock: Clock;
  random: Random;
  log: Logger;
  signal: AbortSignal;
}

/** What a loop wanted to be gone may be gone already, or have been changed under its hands: the next event tells. */
export function ignoreRaces(error: unknown): void {
  if (ApiError.is(error, 'NotFound') || ApiError.is(error, 'Conflict')) return;
  throw error;
}
