import { ApiError, type KubeObject } from '@river/crds';
import type { ApiClient } from '../client/api-client.ts';
import type { ListOptions, ResourceClient } from '../client/resource-client.ts';
import type { ResourceRef } from '../client/resource-path.ts';
import { TransportError } from '../client/transport-error.ts';
import type { WatchEvent } from '../client/watch-frames.ts';
import { type Clock, sleep } from '../clock/clock.ts';
import { systemClock } from '../clock/system-clock.ts';
import { type Logger, silentLogger } from '../log/logger.ts';
import { type Random, systemRandom } from '../random/random.ts';
import { type Backoff, backoffMs } from '../reconcile/backoff.ts';
import { isOlder } from './object-cache.ts';

export interface ReflectorOptions {
  client: Pick<ApiClient, 'resource'>;
  resource: ResourceRef;
  /** All namespaces when left out. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Ends it. */
  signal: AbortSignal;
  clock?: Clock;
  random?: Random;
  log?: Logger;
  /** Longest silence of a watch. A server sends a bookmark about once a minute, so longer silence is a dead connection. Default 90 s. */
  idleMs?: number;
  backoff?: Backoff;
}

/** Where a reflection goes. */
export interface Mirror<T extends KubeObject> {
  apply(event: WatchEvent<T>): void;
  replace(objects: Iterable<T>, resourceVersion: string): void;
  /** The revision up to which everything has been taken in. */
  position(): string;
}

interface Round {
  /** Something was learnt, so the server is well and the next try need not wait long. */
  progressed: boolean;
  error?: unknown;
}

const defaultIdleMs = 90_000;
const defaultBackoff: Backoff = { baseMs: 200, maxMs: 30_000 };
/** A watch that held this long was a good one, even if nothing happened meanwhile. */
const healthyMs = 30_000;
/** A server that ends watches sooner than this is not asked again at once. */
const hastyMs = 1_000;
const staleListsUntilBelieved = 3;

/** Keeps a mirror like the server's state until the signal. Never rejects: what fails is logged and tried again. */
export async function reflect<T extends KubeObject>(options: ReflectorOptions, mirror: Mirror<T>): Promise<void> {
  const { signal, clock = systemClock, random = systemRandom, log = silentLogger, backoff = defaultBackoff } = options;
  const round = rounds<T>({ ...options, clock, random }, mirror);
  for (let failures = 0; !signal.aborted; ) {
    const startMs = clock.monotonicMs();
    const { progressed, error } = await round();
    if (signal.aborted) return;
    const lastedMs = clock.monotonicMs() - startMs;
    if (progressed || lastedMs >= healthyMs) failures = 0;
    if (error === undefined && lastedMs >= hastyMs) continue;
    failures++;
    const delayMs = backoffMs(failures, error, backoff, random);
    log[failures > 3 ? 'warn' : 'debug']('a watch was interrupted', { resource: options.resource.plural, failures, delayMs, error });
    // Only the signal ends a sleep early, and the loop looks at it.
    await sleep(clock, delayMs, signal).catch(() => {});
  }
}

/** One round: list if nothing is known, then watch until the watch ends. */
function rounds<T extends KubeObject>(
  options: ReflectorOptions & { clock: Clock; random: Random },
  mirror: Mirror<T>,
): () => Promise<Round> {
  const { signal } = options;
  const resource: ResourceClient<T> = options.client.resource<T>(options.resource);
  const selection = selectionOf(options);
  let hasPosition = false;
  let canStreamLists = true;
  let staleLists = 0;

  const replace = (objects: Iterable<T>, version: string) => {
    // A lagging replica may answer with the past. When it stays so, the store was restored from a backup, and the past is the present.
    if (isOlder(version, mirror.position()) && ++staleLists < staleListsUntilBelieved)
      throw new ApiError('ServiceUnavailable', `the list is of revision ${version}, before ${mirror.position()}, which was seen already`);
    staleLists = 0;
    hasPosition = true;
    mirror.replace(objects, version);
  };
  const list = async () => {
    const { items, resourceVersion } = await listAll(resource, { ...selection, signal });
    replace(items, resourceVersion);
  };
  const watch = async (round: Round) => {
    let initial = hasPosition ? undefined : new Map<string, T>();
    const start = initial ? { sendInitialEvents: true } : { resourceVersion: mirror.position() };
    for await (const event of resource.watch({ ...selection, ...watchSettings(options), ...start })) {
      if (!initial) mirror.apply(event);
      else if (event.type !== 'BOOKMARK') initial.set(`${event.object.metadata.namespace}/${event.object.metadata.name}`, event.object);
      else if (endsInitialEvents(event.object)) {
        replace(initial.values(), event.object.metadata.resourceVersion ?? '');
        initial = undefined;
      }
      round.progressed = initial === undefined;
    }
    if (initial) throw new TransportError('Truncated', 'the watch ended before its list was complete', { mayHaveHappened: true });
  };

  return async () => {
    const round: Round = { progressed: false };
    try {
      if (!hasPosition && !canStreamLists) await list();
      await watch(round);
    } catch (error) {
      round.error = error;
      if (!hasPosition && isUnsupported(error)) canStreamLists = false;
      if (isPositionLost(error)) hasPosition = false;
    }
    return round;
  };
}

/** Every page of a list; when its version is forgotten on the way, all at once. */
async function listAll<T extends KubeObject>(
  resource: ResourceClient<T>,
  options: ListOptions,
): Promise<{ items: T[]; resourceVersion: string }> {
  const items: T[] = [];
  let resourceVersion = '';
  try {
    for await (const page of resource.pages(options)) {
      for (const item of page.items) items.push(item);
      resourceVersion = page.resourceVersion;
    }
    return { items, resourceVersion };
  } catch (error) {
    if (!ApiError.is(error, 'Expired')) throw error;
    return resource.list(options);
  }
}

const watchSettings = (options: ReflectorOptions & { random: Random }) => ({
  signal: options.signal,
  allowWatchBookmarks: true,
  // Spread, so that the watches of many clients that started together do not end together.
  timeoutSeconds: Math.round(300 + 300 * options.random()),
  idleMs: options.idleMs ?? defaultIdleMs,
});

const selectionOf = (options: ReflectorOptions) => ({
  ...(options.namespace && { namespace: options.namespace }),
  ...(options.labelSelector && { labelSelector: options.labelSelector }),
  ...(options.fieldSelector && { fieldSelector: options.fieldSelector }),
});

const endsInitialEvents = (object: KubeObject) => object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';

/** A server that knows `sendInitialEvents` but has it off refuses it; one that does not know it never ends the list. */
const isUnsupported = (error: unknown) =>
  ApiError.is(error, 'Invalid') || ApiError.is(error, 'BadRequest') || TransportError.is(error, 'Idle');

/** The server no longer has, or does not yet have, the revision to go on from. */
const isPositionLost = (error: unknown) =>
  ApiError.is(error) && (error.code === 410 || (error.details?.causes ?? []).some((cause) => cause.reason === 'ResourceVersionTooLarge'));
