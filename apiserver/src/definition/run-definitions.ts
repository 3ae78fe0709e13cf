import type { CrdNames, CustomResourceDefinition } from '@river/crds';
import { workQueue } from '@river/runtime';
import type { CachedObject } from '../cache/cached-object.ts';
import { asDefinition, cleanupFinalizer } from '../kubernetes/definition-rules.ts';
import { decodeObject } from '../object/encode.ts';
import { resourcePrefix } from '../object/object-key.ts';
import { reachNow } from '../read/read-at.ts';
import { ownKind } from '../registry/own-kind.ts';
import { definitionsPrefix } from '../registry/registry.ts';
import type { ServedKind } from '../registry/served-kind.ts';
import { crdNaming, type NameHolder } from '../schema/crd-naming.ts';
import { deleteEach } from '../write/delete-each.ts';
import { deleteObject } from '../write/delete-object.ts';
import { editObject, ownOptions, storageTarget } from '../write/edit-object.ts';
import { ignoreRaces, type LoopDeps } from '../write/loop-deps.ts';
import { timestamp } from '../write/write-context.ts';

const manager = 'river-definitions';
const cleanupPollMs = 250;

const definitionOf = (object: CachedObject): CustomResourceDefinition => asDefinition(decodeObject(object.bytes));

/** A definition can be large, and each is looked at whenever another comes: what its names are is read once. */
const holders = new WeakMap<CachedObject, NameHolder>();

function holderOf(object: CachedObject): NameHolder {
  const known = holders.get(object);
  if (known) return known;
  const { metadata, spec, status } = definitionOf(object);
  const holder = {
    metadata: { name: metadata.name },
    spec: { group: spec.group },
    status: status?.acceptedNames ? { acceptedNames: status.acceptedNames } : {},
  };
  holders.set(object, holder);
  return holder;
}

/** Gives definitions their names and conditions, and takes the objects of deleted ones away. */
export function runDefinitions(deps: LoopDeps): void {
  const { feed, registry, clock, random, log, signal } = deps;
  const cache = feed.cacheOf(definitionsPrefix);
  const kind = () => ownKind(registry, definitionsPrefix);
  const run = async (name: string): Promise<number | undefined> => {
    const object = cache.get(definitionsPrefix + name);
    if (!object) return undefined;
    if (!object.isDeleting) return void naming.add(name);
    if (!object.finalizers.includes(cleanupFinalizer)) return undefined;
    return (await isEmptied(deps, object)) ? release(deps, kind(), object) : clock.monotonicMs() + cleanupPollMs;
  };
  const settle = async (name: string): Promise<undefined> => {
    await reachNow(deps);
    const object = cache.get(definitionsPrefix + name);
    if (object && !object.isDeleting && (await settleNames(deps, kind(), object))) addAll();
  };
  const common = { signal, clock, random, log: log.with({ loop: 'definitions' }) };
  const queue = workQueue({ ...common, run, parallelism: 4 });
  // One at a time, each with the result of the one before in sight: two definitions cannot both take a name that is free.
  const naming = workQueue({ ...common, run: settle, parallelism: 1 });
  const addAll = () => {
    for (const { name } of cache.range(definitionsPrefix)) queue.add(name);
  };
  cache.listen((events) => {
    if (events.some(({ isDelete }) => isDelete)) addAll();
    else for (const { object } of events) queue.add(object.name);
  });
  feed.onReset(addAll);
  addAll();
}

/** Says whether names were given back that others may wait for. */
async function settleNames(deps: LoopDeps, kind: ServedKind, object: CachedObject): Promise<boolean> {
  const definition = definitionOf(object);
  const others = kind.cache.range(definitionsPrefix).filter(({ name }) => name !== object.name);
  const status = crdNaming(definition, others.map(holderOf), timestamp(deps.now()));
  if (JSON.stringify(status) === JSON.stringify(definition.status)) return false;
  await editObject(deps, {
    kind,
    namespace: '',
    name: object.name,
    uid: object.uid,
    subresource: 'status',
    options: ownOptions(manager),
    change: (next) => {
      asDefinition(next).status = status;
    },
  }).catch(ignoreRaces);
  const kept = new Set(allNames(status.acceptedNames));
  return allNames(definition.status?.acceptedNames).some((name) => !kept.has(name));
}

const allNames = ({ plural, singular, kind, listKind, shortNames = [] }: CrdNames = { plural: '', kind: '' }): string[] =>
  [plural, singular, kind, listKind, ...shortNames].flatMap((name) => name || []);

/** Deletes the objects of a definition that is going; says whether none is left. */
async function isEmptied(deps: LoopDeps, object: CachedObject): Promise<boolean> {
  const { spec } = definitionOf(object);
  await reachNow(deps);
  const prefix = resourcePrefix(spec.group, spec.names.plural);
  const served = deps.registry.ofPrefix(prefix);
  const left = deps.feed.cacheOf(prefix).range(prefix);
  if (!served || left.length === 0) return true;
  const target = storageTarget(served);
  await deleteEach(
    left.filter(({ isDeleting }) => !isDeleting),
    ({ namespace, name }) => deleteObject(deps, { target, namespace, name, deleteOptions: {}, options: ownOptions(manager) }),
  );
  return false;
}

async function release(deps: LoopDeps, kind: ServedKind, object: CachedObject): Promise<undefined> {
  await editObject(deps, {
    kind,
    namespace: '',
    name: object.name,
    uid: object.uid,
    subresource: '',
    options: ownOptions(manager),
    change: ({ metadata }) => {
      metadata.finalizers = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanupFinalizer);
    },
  }).catch(ignoreRaces);
}
