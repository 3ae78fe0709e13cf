import { ApiError } from '@river/crds';
import { workQueue } from '@river/runtime';
import type { CachedObject } from '../cache/cached-object.ts';
import type { CacheEvent, ObjectCache } from '../cache/object-cache.ts';
import { parseKey, resourcePrefix } from '../object/object-key.ts';
import { reachNow } from '../read/read-at.ts';
import type { ServedKind } from '../registry/served-kind.ts';
import { type DeleteOptions, deleteObject } from '../write/delete-object.ts';
import { editObject, ownOptions, storageTarget } from '../write/edit-object.ts';
import { ignoreRaces, type LoopDeps } from '../write/loop-deps.ts';
import { foreground, judgeOwners, orphan } from './judge-owners.ts';
import { type OwnerGraph, ownerGraph } from './owner-graph.ts';

const manager = 'river-garbage';
/** An owner whose kind is not served yet is looked for again after this. */
const unknownOwnerMs = 30_000;

/** An object with its kind, as they are now. */
interface Found {
  object: CachedObject;
  kind: ServedKind;
}

/** Deletes what is owned by nothing any more, and lets owners go that wait for, or let go of, what they own. */
export function runGarbage(deps: LoopDeps): void {
  const { feed, clock, random, log, signal } = deps;
  const graph = ownerGraph();
  const queue = workQueue({
    run: (key) => collect(deps, graph, queue.add, key),
    signal,
    clock,
    random,
    log: log.with({ loop: 'garbage' }),
    parallelism: 16,
  });
  const take = (event: CacheEvent) => {
    graph.move(event.previous, event.isDelete ? undefined : event.object);
    for (const key of touched(graph, event)) queue.add(key);
  };
  const caches: ObjectCache[] = [];
  const learn = () => {
    const objects = caches.flatMap((cache) => cache.range(cache.prefix));
    graph.clear();
    for (const object of objects) graph.move(undefined, object);
    for (const object of objects) if (isOfInterest(object)) queue.add(object.key);
  };
  feed.onCache((cache) => {
    caches.push(cache);
    cache.listen((events) => events.forEach(take));
  });
  feed.onReset(learn);
  learn();
}

const isHeldByUs = ({ isDeleting, finalizers }: CachedObject): boolean =>
  isDeleting && (finalizers.includes(foreground) || finalizers.includes(orphan));

const isOfInterest = (object: CachedObject): boolean => object.owners.length > 0 || isHeldByUs(object);

/** Which objects a change may have made ripe. */
function touched(graph: OwnerGraph, { object, previous, isDelete }: CacheEvent): string[] {
  const owners = [...(previous?.owners ?? []), ...object.owners].flatMap(({ uid }) => graph.keyOf(uid) ?? []);
  if (isDelete) return [...owners, ...graph.dependentsOf(object.uid)];
  return [...owners, ...(isOfInterest(object) ? [object.key] : []), ...(isHeldByUs(object) ? graph.dependentsOf(object.uid) : [])];
}

function find({ feed, registry }: LoopDeps, key: string): Found | undefined {
  const parsed = parseKey(key);
  if (!parsed) return undefined;
  const prefix = resourcePrefix(parsed.group, parsed.plural);
  const object = feed.cacheOf(prefix).get(key);
  const kind = registry.ofPrefix(prefix);
  return object && kind && { object, kind };
}

async function collect(deps: LoopDeps, graph: OwnerGraph, add: (key: string) => void, key: string): Promise<number | undefined> {
  const found = find(deps, key);
  if (!found) return undefined;
  const { object } = found;
  if (object.isDeleting && object.finalizers.includes(orphan)) await letGo(deps, graph, found);
  else if (object.isDeleting && object.finalizers.includes(foreground)) await waitForDependents(deps, graph, add, found);
  return object.owners.length > 0 && !object.isDeleting ? judgeAndDelete(deps, graph, found) : undefined;
}

/** The owner is deleted, what it owns stays: first the references go, then the owner. */
async function letGo(deps: LoopDeps, graph: OwnerGraph, owner: Found): Promise<void> {
  await reachNow(deps);
  for (const key of graph.dependentsOf(owner.object.uid)) {
    const dependent = find(deps, key);
    if (dependent) await dropOwners(deps, dependent, new Set([owner.object.uid])).catch(ignoreGone);
  }
  await dropFinalizer(deps, owner, orphan).catch(ignoreRaces);
}

async function waitForDependents(deps: LoopDeps, graph: OwnerGraph, add: (key: string) => void, owner: Found): Promise<void> {
  await reachNow(deps);
  const { uid } = owner.object;
  const isBlocking = ({ owners }: CachedObject) =>
    owners.some((reference) => reference.uid === uid && reference.blockOwnerDeletion === true);
  const blocking = graph.dependentsOf(uid).filter((key) => {
    const dependent = find(deps, key)?.object;
    return dependent && dependent.uid !== uid && isBlocking(dependent);
  });
  if (blocking.length === 0) return dropFinalizer(deps, owner, foreground).catch(ignoreRaces);
  for (const key of graph.dependentsOf(uid)) if (!find(deps, key)?.object.isDeleting) add(key);
}

/** Says when to look again, when there is something that time may change. */
async function judgeAndDelete(deps: LoopDeps, graph: OwnerGraph, found: Found): Promise<number | undefined> {
  const { solid, unknown, waiting, absent } = await judgeOwners(deps, graph, found.object);
  const loose = [...waiting, ...absent];
  const isKept = solid.length > 0 || unknown.length > 0;
  if (isKept && loose.length > 0) await dropOwners(deps, found, new Set(loose.map(({ uid }) => uid))).catch(ignoreRaces);
  if (!isKept) await deleteOwned(deps, graph, found, waiting.length > 0);
  return unknown.length > 0 ? deps.clock.monotonicMs() + unknownOwnerMs : undefined;
}

/** No owner keeps this object any more. What an owner waits for is deleted as the owner is: with all it owns first. */
async function deleteOwned(deps: LoopDeps, graph: OwnerGraph, found: Found, isAwaited: boolean): Promise<void> {
  const { object, kind } = found;
  const dependents = graph.dependentsOf(object.uid).flatMap((key) => find(deps, key)?.object ?? []);
  if (isAwaited && dependents.some(isHeldByUs)) await unblockOwners(deps, found).catch(ignoreRaces);
  const deleteOptions: DeleteOptions = {
    propagationPolicy: isAwaited && dependents.length > 0 ? 'Foreground' : ownPolicy(object),
    preconditions: { uid: object.uid, resourceVersion: object.revision.toString() },
  };
  const { namespace, name } = object;
  await deleteObject(deps, { target: storageTarget(kind), namespace, name, deleteOptions, options: ownOptions(manager) }).catch(
    ignoreRaces,
  );
}

function ownPolicy({ finalizers }: CachedObject): 'Orphan' | 'Foreground' | 'Background' {
  if (finalizers.includes(orphan)) return 'Orphan';
  return finalizers.includes(foreground) ? 'Foreground' : 'Background';
}

const edit = (deps: LoopDeps, { object, kind }: Found, change: Parameters<typeof editObject>[1]['change']): Promise<void> =>
  editObject(deps, {
    kind,
    namespace: object.namespace,
    name: object.name,
    uid: object.uid,
    subresource: '',
    options: ownOptions(manager),
    change,
  }).then(() => undefined);

const dropOwners = (deps: LoopDeps, found: Found, uids: ReadonlySet<string>): Promise<void> =>
  edit(deps, found, ({ metadata }) => {
    const kept = (metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid));
    if (kept.length > 0) metadata.ownerReferences = kept;
    else delete metadata.ownerReferences;
  });

/** In a circle each waits for the next: whoever finds the circle closed stops holding up its owners. */
const unblockOwners = (deps: LoopDeps, found: Found): Promise<void> =>
  edit(deps, found, ({ metadata }) => {
    for (const owner of metadata.ownerReferences ?? []) if (owner.blockOwnerDeletion) owner.blockOwnerDeletion = false;
  });

const ignoreGone = (error: unknown): void => {
  if (!ApiError.is(error, 'NotFound')) throw error;
};

const dropFinalizer = (deps: LoopDeps, found: Found, finalizer: string): Promise<void> =>
  edit(deps, found, ({ metadata }) => {
    metadata.finalizers = (metadata.finalizers ?? []).filter((held) => held !== finalizer);
  });
