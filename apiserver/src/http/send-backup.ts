import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { InFlight } from '@river/runtime';
import { backupChunks, type SecretsForm } from '../store/backup.ts';
import type { Store } from '../store/store.ts';
import type { Exchange } from './exchange.ts';
import { methodNotAllowed } from './resource-context.ts';

export interface BackupDeps {
  /** As it is kept: no Secret in clear, while encryption is on. */
  store: Pick<Store, 'list'>;
  secrets: SecretsForm;
  /** Aborted when the server stops. */
  signal: AbortSignal;
  backups: InFlight;
  /** The longest that a reader may take no byte. */
  drainDeadlineMs: number;
}

/**
 * Everything in the store as it is kept at this moment, as one stream at the pace of the reader.
 * A backup that fails on the way is cut off; its reader sees that by the missing footer.
 */
export const sendBackup =
  ({ store, secrets, signal, backups, drainDeadlineMs }: BackupDeps) =>
  async ({ request, response, requester }: Exchange): Promise<void> => {
    if (request.method !== 'GET') throw methodNotAllowed();
    const leave = backups.enter(requester.username);
    const end = new AbortController();
    response.once('close', () => end.abort());
    const until = AbortSignal.any([signal, end.signal]);
    try {
      for await (const chunk of backupChunks({ store, secrets }, until)) {
        start(response);
        if (!response.write(chunk)) await drained(response, until, drainDeadlineMs);
      }
      response.end();
    } catch (error) {
      // Nobody is there any more to be told.
      if (!end.signal.aborted) throw error;
      response.destroy();
    } finally {
      leave();
    }
  };

/** Only with the first piece, so that a store that does not answer is still a Status. */
function start(response: ServerResponse): void {
  if (response.headersSent) return;
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' });
}

async function drained(response: ServerResponse, until: AbortSignal, deadlineMs: number): Promise<void> {
  const late = AbortSignal.timeout(deadlineMs);
  await once(response, 'drain', { signal: AbortSignal.any([until, late]) });
}
