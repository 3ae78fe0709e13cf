import type { ObjectCache } from '../cache/object-cache.ts';
import type { ServedVersion } from '../registry/served-kind.ts';
import type { WatchEvent } from './watch-events.ts';

/** How events become bytes for one form of answer: objects, Tables, metadata only. */
export interface WatchFormat {
  id: string;
  /** The same bytes serve every watcher. A Table is not: its first event, whichever that is, names the columns. */
  isShared: boolean;
  event(event: WatchEvent): Buffer;
  bookmark(revision: bigint, isInitialEnd: boolean): Buffer;
}

export interface Shown {
  version: ServedVersion;
  cache: ObjectCache;
}

const head = { ADDED: '{"type":"ADDED","object":', MODIFIED: '{"type":"MODIFIED","object":', DELETED: '{"type":"DELETED","object":' };
const heads = { ADDED: Buffer.from(head.ADDED), MODIFIED: Buffer.from(head.MODIFIED), DELETED: Buffer.from(head.DELETED) };
const tail = Buffer.from('}\n');

export const frame = (type: WatchEvent['type'], object: Buffer): Buffer => Buffer.concat([heads[type], object, tail]);

export const line = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);

const initialEventsEnd = 'k8s.io/initial-events-end';

/** The object of a BOOKMARK: nothing but a resourceVersion. */
export const bookmarkObject = (apiVersion: string, kind: string, revision: bigint, isInitialEnd: boolean) => ({
  kind,
  apiVersion,
  metadata: {
    resourceVersion: revision.toString(),
    creationTimestamp: null,
    ...(isInitialEnd && { annotations: { [initialEventsEnd]: 'true' } }),
  },
});
