import type { KubeObject } from '@river/crds';
import { systemClock } from '../clock/system-clock.ts';
import { silentLogger } from '../log/logger.ts';
import { type Change, type Indexes, type ObjectCache, objectCache } from './object-cache.ts';
import { type ReflectorOptions, reflect } from './reflector.ts';

export interface InformerOptions<T extends KubeObject> extends ReflectorOptions {
  /** Named ways to find objects: each says under which values an object is filed. */
  indexes?: Indexes<T>;
}

export interface InformerHandlers<T> {
  added?(object: T): void;
  updated?(object: T, previous: T): void;
  deleted?(object: T): void;
  /** The first whole list is in the cache. */
  synced?(): void;
}

/**
 * A local copy of one kind that follows the server through every kind of failure: it resumes where it was, and lists again when that is gone.
 * Each revision is told once, in order; what vanished while nobody watched is told as deleted.
 */
export interface Informer<T extends KubeObject>
  extends Pick<ObjectCache<T>, 'get' | 'list' | 'byIndex' | 'seenAt' | 'size' | 'resourceVersion'> {
  readonly isSynced: boolean;
  /** Resolves at the first whole list. Rejects when the informer is stopped before. */
  synced(): Promise<void>;
  /** Tells what is there now as added, then every change. Returns the way to stop. */
  subscribe(handlers: InformerHandlers<T>): () => void;
  /** Resolves when the informer has stopped. */
  readonly done: Promise<void>;
}

export function informer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { signal, clock = systemClock, log = silentLogger } = options;
  const cache = objectCache<T>(options.indexes);
  const listeners = new Set<InformerHandlers<T>>();
  const first = Promise.withResolvers<void>();
  // Whoever does not wait for the first list is not to be ended by its failure.
  first.promise.catch(() => {});
  let isSynced = false;

  const tell = (call: (handlers: InformerHandlers<T>) => void) => {
    for (const handlers of listeners) {
      try {
        call(handlers);
      } catch (error) {
        // A listener's bug must not stop the others' view of the cluster.
        log.error('an informer handler failed', { resource: options.resource.plural, error });
      }
    }
  };
  const publish = (changes: readonly Change<T>[]) => {
    for (const change of changes) tell((handlers) => deliver(handlers, change));
  };
  const onListed = () => {
    if (isSynced) return;
    isSynced = true;
    first.resolve();
    tell((handlers) => handlers.synced?.());
  };
  const done = reflect<T>(options, {
    apply: (event) => publish(cache.apply(event, clock.monotonicMs())),
    replace: (objects, version) => {
      publish(cache.replace(objects, version, clock.monotonicMs()));
      onListed();
    },
    position: () => cache.resourceVersion,
  }).finally(() => first.reject(signal.reason));

  return {
    get: cache.get,
    list: cache.list,
    byIndex: cache.byIndex,
    seenAt: cache.seenAt,
    get size() {
      return cache.size;
    },
    get resourceVersion() {
      return cache.resourceVersion;
    },
    get isSynced() {
      return isSynced;
    },
    synced: () => first.promise,
    subscribe(handlers) {
      for (const object of cache.list()) handlers.added?.(object);
      if (isSynced) handlers.synced?.();
      listeners.add(handlers);
      return () => listeners.delete(handlers);
    },
    done,
  };
}

function deliver<T>(handlers: InformerHandlers<T>, change: Change<T>): void {
  if (change.type === 'added') handlers.added?.(change.object);
  else if (change.type === 'updated') handlers.updated?.(change.object, change.previous);
  else handlers.deleted?.(change.object);
}
