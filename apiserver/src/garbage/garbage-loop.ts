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

async function collect(deps: LoopDeps, graph: OwnerGraph, add: (key: string) => void, key: string): Promise<undefined> {
  const found = find(deps, key);
  if (!found) return;
  const { object } = found;
  if (object.isDeleting && object.finalizers.includes(orphan)) await letGo(deps, graph, found);
  else if (object.isDeleting && object.finalizers.includes(foreground)) await waitForDependents(deps, graph, add, found);
  if (object.owners.length > 0) await judgeAndDelete(deps, graph, found);
}

/** The owner is deleted, what it owns stays: first the references go, then the owner. */
async function letGo(deps: LoopDeps, graph: OwnerGraph, owner: Found): Promise<void> {
  await reachNow(deps);
  for (const key of graph.dependentsOf(owner.object.uid)) {
    const dependent = find(deps, key);
    if (dependent) await dropOwners(deps, dependent, new Set([owner.object.uid]));
  }
  await dropFinalizer(deps, owner, orphan);
}

async function waitForDependents(deps: LoopDeps, graph: OwnerGraph, add: (key: string) => void, owner: Found): Promise<void> {
  await reachNow(deps);
  const { uid } = owner.object;
  const blocking = graph
    .dependentsOf(uid)
    .filter((key) => find(deps, key)?.object.owners.some((reference) => reference.uid === uid && reference.blockOwnerDeletion === true));
  if (blocking.length === 0) return dropFinalizer(deps, owner, foreground);
  for (const key of graph.dependentsOf(uid)) if (!find(deps, key)?.object.isDeleting) add(key);
}

async function judgeAndDelete(deps: LoopDeps, graph: OwnerGraph, found: Found): Promise<void> {
  const { object, kind } = found;
  if (object.isDeleting) return;
  const { solid, waiting, absent } = await judgeOwners(deps, object);
  const loose = [...waiting, ...absent];
  if (loose.length === 0) return;
  if (solid.length > 0) return dropOwners(deps, found, new Set(loose.map(({ uid }) => uid)));
  const hasDependents = graph.dependentsOf(object.uid).length > 0;
  const deleteOptions: DeleteOptions = {
    propagationPolicy: waiting.length > 0 && hasDependents ? 'Foreground' : ownPolicy(object),
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
  }).then(() => undefined, ignoreRaces);

const dropOwners = (deps: LoopDeps, found: Found, uids: ReadonlySet<string>): Promise<void> =>
  edit(deps, found, ({ metadata }) => {
    const kept = (metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid));
    if (kept.length > 0) metadata.ownerReferences = kept;
    else delete metadata.ownerReferences;
  });

const dropFinalizer = (deps: LoopDeps, found: Found, finalizer: string): Promise<void> =>
  edit(deps, found, ({ metadata }) => {
    metadata.finalizers = (metadata.finalizers ?? []).filter((held) => held !== finalizer);
  });
