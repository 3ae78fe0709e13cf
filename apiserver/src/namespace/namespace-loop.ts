import { isObject } from '@river/crds';
import { workQueue } from '@river/runtime';
import type { CachedObject } from '../cache/cached-object.ts';
import { reachNow } from '../read/read-at.ts';
import type { ServedKind } from '../registry/served-kind.ts';
import { deleteObject } from '../write/delete-object.ts';
import { editObject, ownOptions, storageTarget } from '../write/edit-object.ts';
import { namespacesPrefix } from '../write/live-namespace.ts';
import { ignoreRaces, type LoopDeps } from '../write/loop-deps.ts';

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
    if (!(await isEmptied(deps, name))) return clock.monotonicMs() + contentPollMs;
    await release(deps, namespace);
    return undefined;
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

async function isEmptied(deps: LoopDeps, namespace: string): Promise<boolean> {
  await reachNow(deps);
  const kinds = [...deps.registry.kinds()].filter((kind) => kind.isNamespaced && kind.storage.isStorage);
  let isEmpty = true;
  for (const kind of kinds) {
    const left = kind.cache.range(`${kind.prefix}${namespace}/`);
    if (left.length > 0) isEmpty = false;
    await deleteAll(deps, kind, left);
  }
  return isEmpty;
}

async function deleteAll(deps: LoopDeps, kind: ServedKind, objects: readonly CachedObject[]): Promise<void> {
  const goers = objects.filter(({ isDeleting }) => !isDeleting);
  const target = storageTarget(kind);
  for (const { namespace, name } of goers) {
    await deleteObject(deps, {
      target,
      namespace,
      name,
      deleteOptions: { propagationPolicy: 'Background' },
      options: ownOptions(manager),
    }).catch(ignoreRaces);
  }
}

async function release(deps: LoopDeps, { name, uid }: CachedObject): Promise<void> {
  const kind = deps.registry.ofPrefix(namespacesPrefix);
  if (!kind) throw new Error('Namespace is not served');
  await editObject(deps, {
    kind,
    namespace: '',
    name,
    uid,
    subresource: 'finalize',
    options: ownOptions(manager),
    change: (object) => {
      const spec = isObject(object.spec) ? object.spec : {};
      const finalizers = Array.isArray(spec.finalizers) ? spec.finalizers : [];
      object.spec = { ...spec, finalizers: finalizers.filter((held) => held !== finalizer) };
    },
  }).catch(ignoreRaces);
}
