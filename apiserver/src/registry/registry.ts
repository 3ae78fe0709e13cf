import type { CustomResourceDefinition } from '@river/crds';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Feed } from '../cache/feed.ts';
import { decodeObject } from '../object/encode.ts';
import { resourcePrefix } from '../object/object-key.ts';
import type { ResourceInfo } from './resource-info.ts';
import { serveDefinition } from './serve-definition.ts';
import type { ServedKind, Target } from './served-kind.ts';

/** Every kind that is served now. It follows the CustomResourceDefinitions in the cache: what is Established is served. */
export interface Registry {
  find(group: string, version: string, plural: string): Target | undefined;
  /** By kind instead of plural, as owner references name things; any version that is served. */
  findKind(group: string, kind: string): ServedKind | undefined;
  /** The kind whose objects stand under a prefix of the store. */
  ofPrefix(prefix: string): ServedKind | undefined;
  kinds(): Iterable<ServedKind>;
  /** A new array whenever something changed, so that it can key memoised documents. */
  infos(): readonly ResourceInfo[];
  /** Called when a kind is no longer served in the form it had: its watchers must start again. */
  onRetire(listener: (kind: ServedKind) => void): () => void;
}

export const definitionsPrefix = resourcePrefix('apiextensions.k8s.io', 'customresourcedefinitions');

const isEstablished = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') ?? false;

/** The cache holds what passed validation as a CustomResourceDefinition. */
const definitionOf = ({ bytes }: CachedObject): CustomResourceDefinition => decodeObject(bytes) as unknown as CustomResourceDefinition;

/** What decides how a definition is served. Its conditions do not, nor does its deletion: its watchers are to see its objects go. */
const shapeOf = ({ spec, status, metadata }: CustomResourceDefinition): string =>
  JSON.stringify([metadata.uid, spec, status?.acceptedNames]);

export function registry({ feed, builtIns }: { feed: Feed; builtIns: readonly ServedKind[] }): Registry {
  const custom = new Map<string, { kind: ServedKind; shape: string }>();
  const retireListeners = new Set<(kind: ServedKind) => void>();
  let targets = new Map<string, Target>();
  let byPrefix = new Map<string, ServedKind>();
  let byKind = new Map<string, ServedKind>();
  let infos: readonly ResourceInfo[] = [];
  const definitions = feed.cacheOf(definitionsPrefix);

  const retire = (name: string) => {
    const served = custom.get(name);
    custom.delete(name);
    if (served) for (const listener of retireListeners) listener(served.kind);
  };
  const serve = (object: CachedObject): boolean => {
    const definition = definitionOf(object);
    if (!isEstablished(definition)) return drop(object.name);
    const shape = shapeOf(definition);
    if (custom.get(object.name)?.shape === shape) return false;
    retire(object.name);
    const cache = feed.cacheOf(resourcePrefix(definition.spec.group, definition.spec.names.plural));
    cache.epoch++;
    custom.set(object.name, { kind: serveDefinition(definition, cache), shape });
    return true;
  };
  const drop = (name: string): boolean => {
    const had = custom.has(name);
    retire(name);
    return had;
  };
  const kinds = (): ServedKind[] => [...builtIns, ...[...custom.values()].map(({ kind }) => kind)];
  const index = () => {
    const all = kinds().flatMap((kind) => [...kind.versions.values()].map((version): Target => ({ kind, version })));
    targets = new Map(all.map((target) => [`${target.kind.group}/${target.version.info.version}/${target.kind.plural}`, target]));
    infos = all.map(({ version }) => version.info);
    // The events of events.k8s.io stand under the prefix of the core group's.
    byPrefix = new Map(kinds().flatMap((kind): [string, ServedKind][] => (kind.storage.isStorage ? [[kind.prefix, kind]] : [])));
    byKind = new Map(kinds().map((kind) => [`${kind.group}/${kind.kind}`, kind]));
  };
  const reload = () => {
    const names = new Set(definitions.range('').map(({ name }) => name));
    for (const name of custom.keys()) if (!names.has(name)) retire(name);
    for (const object of definitions.range('')) serve(object);
    index();
  };

  definitions.listen((events) => {
    const changed = events.map(({ isDelete, object }) => (isDelete ? drop(object.name) : serve(object)));
    if (changed.includes(true)) index();
  });
  feed.onReset(reload);
  reload();

  return {
    find: (group, version, plural) => targets.get(`${group}/${version}/${plural}`),
    findKind: (group, kind) => byKind.get(`${group}/${kind}`),
    ofPrefix: (prefix) => byPrefix.get(prefix),
    kinds,
    infos: () => infos,
    onRetire(listener) {
      retireListeners.add(listener);
      return () => retireListeners.delete(listener);
    },
  };
}
