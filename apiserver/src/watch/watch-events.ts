import type { CachedObject } from '../cache/cached-object.ts';
import { atRevision } from '../cache/cached-object.ts';
import type { CacheEvent } from '../cache/object-cache.ts';
import type { Selection } from '../read/selection.ts';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface WatchEvent {
  type: WatchEventType;
  object: CachedObject;
}

/**
 * What a watcher with this selection sees of a change: an object that starts to match was added for it, one that stops was deleted,
 * in the state in which it last matched.
 */
export function watchEvent(event: CacheEvent, under: string, selection: Selection): WatchEvent | null {
  const { object, previous, isDelete, revision } = event;
  if (!object.key.startsWith(under)) return null;
  if (selection.isEverything) return { type: isDelete ? 'DELETED' : previous ? 'MODIFIED' : 'ADDED', object };
  const matched = previous !== undefined && selection.matches(previous);
  const matches = !isDelete && selection.matches(object);
  if (matches) return { type: matched ? 'MODIFIED' : 'ADDED', object };
  if (!matched || !previous) return null;
  return { type: 'DELETED', object: isDelete ? object : atRevision(previous, revision) };
}
