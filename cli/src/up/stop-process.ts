import { isAlive, type ProcessIdentity, signal } from './process-identity.ts';
import { UpError } from './up-error.ts';
import { waitUntil } from './wait-until.ts';

const hasEnded = (who: ProcessIdentity) => () => (isAlive(who) ? undefined : true);

/** Asks the process to end and, when it has not within `graceMs`, ends it. Returns how it went. */
export const stopProcess = async (who: ProcessIdentity, graceMs: number): Promise<'gone already' | 'ended' | 'killed'> => {
  if (!signal(who, 'SIGTERM')) return 'gone already';
  if (await waitUntil(hasEnded(who), graceMs)) return 'ended';
  signal(who, 'SIGKILL');
  if (await waitUntil(hasEnded(who), 5_000)) return 'killed';
  throw new UpError(`process ${who.pid} does not end, not even by SIGKILL`);
};
