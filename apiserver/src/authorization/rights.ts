import { isObject, type JsonObject } from '@river/crds';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Feed } from '../cache/feed.ts';
import type { CacheEvent, ObjectCache } from '../cache/object-cache.ts';
import { decodeObject } from '../object/encode.ts';
import { resourcePrefix } from '../object/object-key.ts';
import { accountUsername } from './account-subject.ts';
import type { Attributes, Subject } from './attributes.ts';
import { mayGetOwnRequest } from './may-get-own-request.ts';
import { nodeRights } from './node-rights.ts';
import { askedOf, type CompiledRules, compileRules, everything, mostPieces, type PolicyRule } from './rules.ts';

/** Who may do what, by the roles and bindings that are there now. */
export interface Rights {
  allows(subject: Subject, wanted: Attributes): boolean;
  /**
   * What somebody may do within a namespace; of several roles the rules are not put together. It is not whole when that is more than one
   * role may say.
   */
  rulesOf(subject: Subject, namespace: string): { rules: PolicyRule[]; isWhole: boolean };
  /** The rules of a role that a binding of this namespace (empty: of all) names; nothing when there is no such role. */
  roleRules(ref: RoleRef, namespace: string): readonly PolicyRule[] | undefined;
  /** Called after roles or bindings have changed. Gives back what ends that. */
  onChange(listener: () => void): () => void;
}

export interface RoleRef {
  kind: string;
  name: string;
}

interface BindingSubject {
  kind: string;
  name: string;
  namespace?: string;
}

/** Whose rights no role can take away: it must always be possible to mend the roles. */
export const masters = 'system:masters';

export const rbacGroup = 'rbac.authorization.k8s.io';
const clusterRolesPrefix = resourcePrefix(rbacGroup, 'clusterroles');
const rolesPrefix = resourcePrefix(rbacGroup, 'roles');
const clusterBindingsPrefix = resourcePrefix(rbacGroup, 'clusterrolebindings');
const bindingsPrefix = resourcePrefix(rbacGroup, 'rolebindings');

/** Of kinds that cannot be taken for each other, whatever stands in a name. */
const roleKey = ({ kind, name }: RoleRef, namespace: string): string => `${kind} ${kind === 'ClusterRole' ? '' : namespace}/${name}`;

const keyOfRole = ({ namespace, name }: CachedObject): string =>
  roleKey({ kind: namespace === '' ? 'ClusterRole' : 'Role', name }, namespace);

/** A ServiceAccount is the user that its tokens say. */
function subjectKey({ kind, name, namespace = '' }: BindingSubject): string {
  if (kind === 'Group') return `group ${name}`;
  return kind === 'ServiceAccount' ? `user ${accountUsername(namespace, name)}` : `user ${name}`;
}

const keysOf = ({ username, groups }: Subject): string[] => [`user ${username}`, ...groups.map((group) => `group ${group}`)];

/** Who was given which roles where. */
interface Grants {
  set(binding: CachedObject): void;
  drop(binding: CachedObject): void;
  clear(): void;
  /** The keys of the roles that a subject has in one namespace, or (empty) everywhere. */
  rolesOf(subject: string, namespace: string): Iterable<string>;
}

function grants(): Grants {
  /** By subject, then by namespace (empty: everywhere): each role once, and the keys of the bindings that give it. */
  const granted = new Map<string, Map<string, Map<string, Set<string>>>>();
  return {
    set(binding) {
      const { roleRef, subjects } = readBinding(binding);
      const role = roleKey(roleRef, binding.namespace);
      for (const subject of subjects) {
        const roles = entry(entry(granted, subjectKey(subject)), binding.namespace);
        const bindings = roles.get(role) ?? new Set();
        roles.set(role, bindings.add(binding.key));
      }
    },
    drop(binding) {
      const { roleRef, subjects } = readBinding(binding);
      const role = roleKey(roleRef, binding.namespace);
      for (const subject of subjects) {
        const key = subjectKey(subject);
        const spaces = granted.get(key);
        const roles = spaces?.get(binding.namespace);
        const bindings = roles?.get(role);
        bindings?.delete(binding.key);
        if (bindings?.size === 0) roles?.delete(role);
        if (roles?.size === 0) spaces?.delete(binding.namespace);
        if (spaces?.size === 0) granted.delete(key);
      }
    },
    clear: () => granted.clear(),
    rolesOf: (subject, namespace) => granted.get(subject)?.get(namespace)?.keys() ?? [],
  };
}

/**
 * Follows the roles and bindings in the cache. A decision looks up the bindings of the user and of each group in one namespace
 * and in none; how many there are besides does not matter.
 */
export function rights(feed: Feed): Rights {
  const roles = new Map<string, CompiledRules>();
  const granted = grants();
  const listeners = new Set<() => void>();
  const nodes = nodeRights(feed, () => tell());
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const setRole = (object: CachedObject) => void roles.set(keyOfRole(object), compileRules(readRules(object)));
  const dropRole = (object: CachedObject) => void roles.delete(keyOfRole(object));
  const reloads = [
    follow(feed.cacheOf(clusterRolesPrefix), setRole, dropRole, tell),
    follow(feed.cacheOf(rolesPrefix), setRole, dropRole, tell),
    follow(feed.cacheOf(clusterBindingsPrefix), granted.set, granted.drop, tell),
    follow(feed.cacheOf(bindingsPrefix), granted.set, granted.drop, tell),
  ];
  feed.onReset(() => {
    roles.clear();
    granted.clear();
    for (const reload of reloads) reload();
    tell();
  });

  function* rolesOf(subject: Subject, namespace: string): Iterable<CompiledRules> {
    for (const key of keysOf(subject)) {
      for (const space of namespace === '' ? [''] : ['', namespace]) {
        for (const role of granted.rolesOf(key, space)) {
          const rules = roles.get(role);
          if (rules) yield rules;
        }
      }
    }
  }
  return {
    allows(subject, wanted) {
      if (subject.groups.includes(masters) || nodes.allows(subject, wanted) || mayGetOwnRequest(subject, wanted)) return true;
      const asked = askedOf(wanted);
      for (const rules of rolesOf(subject, 'path' in wanted ? '' : wanted.namespace)) if (rules.allow(asked)) return true;
      return false;
    },
    rulesOf(subject, namespace) {
      if (subject.groups.includes(masters)) return { rules: [...everything], isWhole: true };
      const found = new Set<CompiledRules>();
      let pieces = 0;
      for (const role of rolesOf(subject, namespace)) {
        if (found.has(role)) continue;
        pieces += role.pieces;
        if (pieces > mostPieces) return { rules: allIn(found), isWhole: false };
        found.add(role);
      }
      return { rules: allIn(found), isWhole: true };
    },
    roleRules: (ref, namespace) => roles.get(roleKey(ref, namespace))?.rules,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const allIn = (roles: Iterable<CompiledRules>): PolicyRule[] => [...roles].flatMap(({ rules }) => rules);

type Take = (object: CachedObject) => void;

/** Keeps what was made of a cache's objects up to date; gives back what makes it anew from all of them. */
function follow(cache: ObjectCache, set: Take, drop: Take, tell: () => void): () => void {
  const setAll = () => {
    for (const object of cache.range('')) set(object);
  };
  setAll();
  cache.listen((events: readonly CacheEvent[]) => {
    for (const { isDelete, object, previous } of events) {
      if (previous) drop(previous);
      if (!isDelete) set(object);
    }
    tell();
  });
  return setAll;
}

function entry<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  const known = maps.get(key) ?? new Map<K, V>();
  maps.set(key, known);
  return known;
}

/**
 * What stands in the cache passed the schema of its kind when it was written. All the same nothing is taken for granted here:
 * what is not understood gives no rights, and does not keep the rest from being read.
 */
function readBinding(object: CachedObject): { roleRef: RoleRef; subjects: readonly BindingSubject[] } {
  const { roleRef, subjects } = decodeObject(object.bytes);
  const { kind, name } = isObject(roleRef) ? roleRef : {};
  const read = (subject: JsonObject) => ({ kind: text(subject.kind), name: text(subject.name), namespace: text(subject.namespace) });
  return { roleRef: { kind: text(kind), name: text(name) }, subjects: objects(subjects).map(read) };
}

function readRules(object: CachedObject): PolicyRule[] {
  return objects(decodeObject(object.bytes).rules).map(({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }) => ({
    verbs: texts(verbs),
    ...(apiGroups !== undefined && { apiGroups: texts(apiGroups) }),
    ...(resources !== undefined && { resources: texts(resources) }),
    ...(resourceNames !== undefined && { resourceNames: texts(resourceNames) }),
    ...(nonResourceURLs !== undefined && { nonResourceURLs: texts(nonResourceURLs) }),
  }));
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []);
const objects = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
