import { ApiError, type KubeObject } from '@river/crds';
import { type ApiClient, type Query, sleep, systemClock, TransportError, type WatchEvent } from '@river/runtime';
import { isTable } from '../output/server-table.ts';

export interface WatchTarget {
  client: ApiClient;
  path: string;
  query: Query;
  accept?: string;
  signal?: AbortSignal;
  /** Called once each time that the server has gone away; it is then waited for. */
  onLost?: (reason: string) => void;
}

interface List {
  metadata?: { resourceVersion?: string };
  items?: KubeObject[];
}

const isTransient = (error: unknown): error is TransportError =>
  TransportError.is(error) && ['Reset', 'Truncated', 'Idle', 'Refused'].includes(error.reason);

const versionOf = (object: KubeObject): string | undefined => {
  const source = isTable(object) ? object.rows?.[0]?.object : object;
  return source?.metadata.resourceVersion;
};

/** What is there now, as events: a Table is one event, a list is one for each object. */
const initial = async ({ client, path, query, accept, signal }: WatchTarget): Promise<{ events: WatchEvent[]; version: string }> => {
  const options = { method: 'GET' as const, path, query, ...(accept && { headers: { accept } }), ...(signal && { signal }) };
  const list = await client.json<List>(options);
  const added = (object: KubeObject): WatchEvent => ({ type: 'ADDED', object });
  // A Table travels where an object would: whoever asks for one gets one.
  const events = isTable(list) ? [added(list as unknown as KubeObject)] : (list.items ?? []).map(added);
  return { events, version: list.metadata?.resourceVersion ?? '' };
};

/**
 * What is there, then every change, for ever: reconnects where it was when the server ends the watch or the connection is
 * lost, and lists again when the server has forgotten that point. An object may then be seen twice, never missed.
 */
export async function* watchTarget(target: WatchTarget): AsyncGenerator<WatchEvent> {
  const { client, path, query, accept, signal } = target;
  let isLost = false;
  const onLost = (error: TransportError) => {
    if (!isLost) target.onLost?.(error.message);
    isLost = true;
  };
  for (;;) {
    const { events, version: start } = await initial(target);
    yield* events;
    let version = start;
    try {
      for (;;) {
        const call = { path, query: { ...query, watch: true, allowWatchBookmarks: true, resourceVersion: version } };
        const stream = client.stream({ ...call, ...(accept && { headers: { accept } }), ...(signal && { signal }), idleMs: 10 * 60_000 });
        for await (const event of untilLost(stream, onLost)) {
          isLost = false;
          version = versionOf(event.object) ?? version;
          if (event.type !== 'BOOKMARK') yield event;
        }
        await sleep(systemClock, 250, signal);
      }
    } catch (error) {
      if (!ApiError.is(error, 'Expired') && !ApiError.is(error, 'Gone')) throw error;
    }
  }
}

async function* untilLost(stream: AsyncIterable<WatchEvent>, onLost: (error: TransportError) => void): AsyncGenerator<WatchEvent> {
  try {
    yield* stream;
  } catch (error) {
    if (!isTransient(error)) throw error;
    onLost(error);
  }
}
