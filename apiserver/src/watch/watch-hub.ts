import { ApiError } from '@river/crds';
import { type Clock, turns } from '@river/runtime';
import type { CachedObject } from '../cache/cached-object.ts';
import type { CacheEvent, ObjectCache } from '../cache/object-cache.ts';
import type { ReadDeps } from '../read/read-at.ts';
import { invalidListOptions, parseRevision, reachNow, reachRevision } from '../read/read-at.ts';
import { type Selection, type SelectorQuery, selectionOf } from '../read/selection.ts';
import type { ServedKind, Target } from '../registry/served-kind.ts';
import { forbidden } from '../schema/field-causes.ts';
import { waitingBytes } from './waiting-bytes.ts';
import { type WatchEvent, watchEvent } from './watch-events.ts';
import type { WatchFormat } from './watch-format.ts';
import { type WatchGroup, watchGroup } from './watch-group.ts';
import { errorLine, type Member, type MemberLimits, payloadBytes, type Sink, watchMember } from './watch-member.ts';

export interface WatchQuery extends SelectorQuery {
  resourceVersion?: string | undefined;
  resourceVersionMatch?: string | undefined;
  sendInitialEvents?: boolean | undefined;
  allowWatchBookmarks: boolean;
}

export interface WatchRequest {
  target: Target;
  namespace: string;
  query: WatchQuery;
  format: WatchFormat;
  /** Called when the watch has been accepted: from here on errors travel in the stream. */
  open: () => Sink;
}

export interface WatchHub {
  watch(request: WatchRequest): Promise<Member>;
  /** Tells every watcher that asked for bookmarks where it stands. */
  bookmarkAll(): void;
  /** Disconnects those who are furthest behind while more is waiting for all together than may be. */
  shed(): void;
  endKind(kind: ServedKind): void;
  endAll(): void;
  count(): number;
}

export interface HubOptions extends ReadDeps {
  limits: MemberLimits & {
    /** More than this waiting for all watchers together, and those are disconnected for whom most is waiting. */
    totalBufferBytes: number;
  };
  clock: Clock;
  coalesceMs: number;
  /** How long the event loop is kept for giving watchers their events before others have a turn. */
  turnMs: number;
}

interface HeldGroup {
  group: WatchGroup;
  kind: ServedKind;
  hasBookmarks: boolean;
  release: () => void;
}

export function watchHub(options: HubOptions): WatchHub {
  const groups = new Map<string, HeldGroup>();
  /** Kinds, by their definitions, that are no longer served in that form. */
  const retired = new WeakSet<object>();
  const inTurns = turns(options.clock, options.turnMs);
  const waiting = waitingBytes(options.limits.totalBufferBytes);
  let nextOwn = 0;

  const groupFor = ({ target, query, format }: WatchRequest, under: string, selection: Selection): HeldGroup => {
    const { kind, version } = target;
    const own = format.isShared ? '' : `own ${nextOwn++}`;
    const id = [under, version.apiVersion, format.id, own, query.allowWatchBookmarks, selection.id].join('\n');
    const known = groups.get(id);
    if (known) return known;
    const group = watchGroup({ under, selection, format, clock: options.clock, coalesceMs: options.coalesceMs, turns: inTurns });
    const stop = kind.cache.listen(group.take);
    const release = () => {
      if (group.size() > 0) return;
      stop();
      groups.delete(id);
    };
    const held = { group, kind, hasBookmarks: query.allowWatchBookmarks, release };
    groups.set(id, held);
    return held;
  };
  const endAll = (lastWords?: Buffer) => {
    for (const { group } of [...groups.values()]) group.endAll(lastWords);
  };
  options.feed.onReset(() => endAll(errorLine(gone('the server lost sight of the store for too long'))));

  return {
    async watch(request) {
      const { target, namespace, query, format } = request;
      const selection = selectionOf(target, query);
      const under = target.kind.prefix + (namespace === '' ? '' : `${namespace}/`);
      const isInitial = await reach(options, query);
      if (retired.has(target.kind.definition)) throw redefined(target);
      // From here to `join` nothing may wait: the snapshot and the stream that follows it must meet exactly.
      const initial = isInitial ? snapshot(target.kind.cache, under, selection) : missed(target.kind.cache, under, selection, query);
      const sink = request.open();
      const held = groupFor(request, under, selection);
      held.group.flush();
      const ending =
        isInitial && query.sendInitialEvents && query.allowWatchBookmarks ? format.bookmark(options.feed.revision(), true) : null;
      const pieces = inPieces(initial, format, ending);
      const member: Member = watchMember({
        sink,
        initial: format.isShared ? pieces : begun(pieces),
        limits: options.limits,
        turns: inTurns,
        waiting,
        onEnd: () => {
          held.group.leave(member);
          held.release();
        },
      });
      held.group.join(member);
      return member;
    },
    bookmarkAll() {
      for (const { group, hasBookmarks } of groups.values()) if (hasBookmarks) group.bookmark(options.feed.revision());
    },
    shed: waiting.shed,
    endKind(kind) {
      retired.add(kind.definition);
      for (const held of [...groups.values()]) if (held.kind.prefix === kind.prefix) held.group.endAll();
    },
    endAll: () => endAll(),
    count: () => [...groups.values()].reduce((sum, { group }) => sum + group.size(), 0),
  };
}

/** Waits for the state that the watch begins with, and says whether it begins with all that is there. */
async function reach(deps: ReadDeps, query: WatchQuery): Promise<boolean> {
  const { resourceVersion: version, resourceVersionMatch: match, sendInitialEvents } = query;
  const refuse = (why: string) => invalidListOptions([forbidden('resourceVersionMatch', why)]);
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan')
    throw refuse('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  if (sendInitialEvents === undefined && match !== undefined)
    throw refuse('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  if (!version) await reachNow(deps);
  else await reachRevision(deps, parseRevision(version));
  return sendInitialEvents ?? (!version || version === '0');
}

function* snapshot(cache: ObjectCache, under: string, selection: Selection): Iterable<WatchEvent> {
  const objects: CachedObject[] = cache.range(under);
  for (const object of objects) if (selection.matches(object)) yield { type: 'ADDED', object };
}

const redefined = ({ kind }: Target): ApiError =>
  new ApiError('ServiceUnavailable', `the definition of ${kind.kind} has just changed; try again`, { details: { retryAfterSeconds: 1 } });

const gone = (why: string): ApiError => new ApiError('Expired', `too old resource version: ${why}; list again`);

function missed(cache: ObjectCache, under: string, selection: Selection, { resourceVersion }: WatchQuery): WatchEvent[] {
  const from = resourceVersion && resourceVersion !== '0' ? parseRevision(resourceVersion) : null;
  const events: readonly CacheEvent[] | null = from === null ? [] : cache.eventsAfter(from);
  if (events === null) throw gone(`changes after ${resourceVersion} are no longer kept`);
  return events.flatMap((event) => watchEvent(event, under, selection) ?? []);
}

/** Its first piece is made now: in a Table what is encoded first names the columns, so it must be what is sent first. */
function begun<T>(pieces: Iterable<T>): Iterable<T> {
  const rest = pieces[Symbol.iterator]();
  const first = rest.next();
  return (function* () {
    if (!first.done) yield first.value;
    for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
  })();
}

/** Encoded a piece at a time, when the connection is ready for it, so that a large start never stands in memory whole. */
function* inPieces(events: Iterable<WatchEvent>, format: WatchFormat, ending: Buffer | null): Iterable<readonly Buffer[]> {
  let piece: Buffer[] = [];
  let bytes = 0;
  for (const event of events) {
    const encoded = format.event(event);
    if (piece.length > 0 && bytes + encoded.length > payloadBytes) {
      yield piece;
      piece = [];
      bytes = 0;
    }
    piece.push(encoded);
    bytes += encoded.length;
  }
  if (piece.length > 0) yield piece;
  if (ending) yield [ending];
}
