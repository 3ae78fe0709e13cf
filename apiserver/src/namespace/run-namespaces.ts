import { isObject, type KubeObject } from '@river/crds';
import { workQueue } from '@river/runtime';
import type { CachedObject } from '../cache/cached-object.ts';
import { reachNow } from '../read/read-at.ts';
import { ownKind } from '../registry/own-kind.ts';
import type { ServedKind } from '../registry/served-kind.ts';
import { deleteEach } from '../write/delete-each.ts';
import { deleteObject } from '../write/delete-object.ts';
import { editObject, ownOptions, storageTarget } from '../write/edit-object.ts';
import { namespacesPrefix } from '../write/live-namespace.ts';
import { ignoreRaces, type LoopDeps } from '../write/loop-deps.ts';
import type { Subresource } from '../write/update-object.ts';
import { timestamp } from '../write/write-context.ts';
import { type Remaining, remainingConditions, sameConditions } from './remaining-conditions.ts';

const manager = 'river-namespaces';
const contentPollMs = 250;
const finalizer = 'kubernetes';

/** Empties namespaces that are being deleted, then lets them go. Nothing can be created in one by then. */
export function runNamespaces(deps: LoopDeps): void {
  const { feed, clock, random, log, signal } = deps;
  const cache = feed.cacheOf(namespacesPrefix);
  const run = async (name: string): Promise<number | undefined> => {
    const namespace = cache.get(namespacesPrefix + name);
    if (!namespace?.isDeleting) return undefined;
    const remaining = await empty(deps, name);
    if (remaining.length === 0) await release(deps, namespace);
    else await report(deps, namespace, remaining);
    return remaining.length === 0 ? undefined : clock.monotonicMs() + contentPollMs;
  };
  const queue = workQueue({ run, signal, clock, random, log: log.with({ loop: 'namespaces' }), parallelism: 4 });
  const addAll = () => {
    for (const { name, isDeleting } of cache.range(namespacesPrefix)) if (isDeleting) queue.add(name);
  };
  cache.listen((events) => {
    for (const { object, isDelete } of events) if (!isDelete && object.isDeleting) queue.add(object.name);
  });
  feed.onReset(addAll);
  addAll();
}

/** Deletes what is there, and gives what was there, each kind with what its finalizers already held. */
async function empty(deps: LoopDeps, namespace: string): Promise<Remaining[]> {
  await reachNow(deps);
  const kinds = [...deps.registry.kinds()].filter((kind) => kind.isNamespaced && kind.storage.isStorage);
  const remaining: Remaining[] = [];
  for (const kind of kinds) {
    const objects = kind.cache.range(`${kind.prefix}${namespace}/`);
    if (objects.length === 0) continue;
    remaining.push({ resource: `${kind.plural}.${kind.group}`, objects: objects.filter(({ isDeleting }) => isDeleting) });
    await deleteAll(deps, kind, objects);
  }
  return remaining;
}

/** Writes into the namespace's status what holds it; nothing while that stays as it is. */
async function report(deps: LoopDeps, { name, uid }: CachedObject, remaining: readonly Remaining[]): Promise<void> {
  const found = remainingConditions(remaining);
  if (found.length === 0) return;
  const lastTransitionTime = timestamp(deps.now());
  await editNamespace(deps, { name, uid }, 'status', (object) => {
    const status = isObject(object.status) ? object.status : {};
    const known = Array.isArray(status.conditions) ? status.conditions.filter(isObject) : [];
    if (sameConditions(known, found)) return;
    object.status = { ...status, conditions: found.map((condition) => ({ ...condition, lastTransitionTime })) };
  });
}

const deleteAll = (deps: LoopDeps, kind: ServedKind, objects: readonly CachedObject[]): Promise<void> =>
  deleteEach(
    objects.filter(({ isDeleting }) => !isDeleting),
    ({ namespace, name }) =>
      deleteObject(deps, {
        target: storageTarget(kind),
        namespace,
        name,
        deleteOptions: { propagationPolicy: 'Background' },
        options: ownOptions(manager),
      }),
  );

const release = (deps: LoopDeps, namespace: CachedObject): Promise<void> =>
  editNamespace(deps, namespace, 'finalize', (object) => {
    const spec = isObject(object.spec) ? object.spec : {};
    const finalizers = Array.isArray(spec.finalizers) ? spec.finalizers : [];
    object.spec = { ...spec, finalizers: finalizers.filter((held) => held !== finalizer) };
  });

async function editNamespace(
  deps: LoopDeps,
  { name, uid }: Pick<CachedObject, 'name' | 'uid'>,
  subresource: Subresource,
  change: (object: KubeObject) => void,
): Promise<void> {
  const kind = ownKind(deps.registry, namespacesPrefix);
  const edit = { kind, namespace: '', name, uid, subresource, options: ownOptions(manager), change };
  await editObject(deps, edit).catch(ignoreRaces);
}
