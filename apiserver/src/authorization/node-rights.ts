import { isObject, type Json, type JsonObject } from '@river/crds';
import { nodeNameOf, nodesGroup } from '@river/runtime';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Feed } from '../cache/feed.ts';
import type { CacheEvent } from '../cache/object-cache.ts';
import { decodeObject } from '../object/encode.ts';
import { objectKey, resourcePrefix } from '../object/object-key.ts';
import type { Attributes, ResourceAttributes, Subject } from './attributes.ts';

/** What nodes may do by being nodes. It depends on what runs on them, so no role can say it. */
export interface NodeRights {
  allows(subject: Subject, wanted: Attributes): boolean;
}

/** Where the leases of nodes are. */
export const nodesNamespace = 'river-nodes';

const river = 'river.dev';
const placementsPrefix = resourcePrefix(river, 'placements');

/** The node that somebody is. */
export const nodeOf = ({ username, groups }: Subject): string | undefined =>
  groups.includes(nodesGroup) ? nodeNameOf(username) : undefined;

const looks: readonly string[] = ['get', 'list', 'watch'];
const reports: readonly string[] = ['get', 'update', 'patch'];

type Judge = (node: string, wanted: ResourceAttributes) => boolean;

/**
 * A node may report on itself, and see the Placements that are bound to it and the Secrets that those name. That it makes only its
 * own Node and Lease is held by a policy, since the name of what is made stands in the body.
 */
export function nodeRights(feed: Feed, tell: () => void): NodeRights {
  const bound = boundPlacements(feed, tell);
  const isOwn: Judge = (node, { name }) => name === node;
  const judges: Readonly<Record<string, Judge>> = {
    [`${river} nodes`]: (node, wanted) => wanted.verb === 'create' || (looks.includes(wanted.verb) && isOwn(node, wanted)),
    [`${river} nodes/status`]: (node, wanted) => reports.includes(wanted.verb) && isOwn(node, wanted),
    [`${river} placements`]: (node, { verb, namespace, name, fields = {} }) =>
      name !== '' && verb === 'get'
        ? bound.isOn(node, namespace, name)
        : verb !== 'get' && looks.includes(verb) && fields['spec.nodeName'] === node,
    [`${river} placements/status`]: (node, { verb, namespace, name }) => reports.includes(verb) && bound.isOn(node, namespace, name),
    ' secrets': (node, { verb, namespace, name }) => looks.includes(verb) && name !== '' && bound.names(node, namespace, name),
    ' events': (node, wanted) => mayTell(node, wanted),
    'events.k8s.io events': (node, wanted) => mayTell(node, wanted),
    'coordination.k8s.io leases': (node, wanted) =>
      wanted.namespace === nodesNamespace &&
      (wanted.verb === 'create' || ([...looks, 'update', 'patch'].includes(wanted.verb) && isOwn(node, wanted))),
    'certificates.k8s.io certificatesigningrequests': (_, { verb, name }) => verb === 'create' || (name !== '' && looks.includes(verb)),
  };
  /** Of what has no namespace events are in `default`. */
  const mayTell: Judge = (node, { verb, namespace }) =>
    (verb === 'create' || verb === 'patch') && (namespace === 'default' || bound.isIn(node, namespace));
  return {
    allows(subject, wanted) {
      const node = nodeOf(subject);
      if (node === undefined || 'path' in wanted) return false;
      const { group, resource, subresource } = wanted;
      const key = `${group} ${resource}${subresource && `/${subresource}`}`;
      return Object.hasOwn(judges, key) && judges[key]?.(node, wanted) === true;
    },
  };
}

interface Bound {
  node: string;
  namespace: string;
  /** Their keys. */
  secrets: readonly string[];
}

/** Which Placements are on which node. What a Placement runs, and where, never changes once it is bound, so each is read once. */
function boundPlacements(feed: Feed, tell: () => void) {
  const placements = new Map<string, Bound>();
  /** How often each namespace, and each Secret, is used on a node. */
  const uses = new Map<string, number>();
  const count = ({ node, namespace, secrets }: Bound, by: 1 | -1) => {
    for (const used of new Set([`${node} ${namespace}/`, ...secrets.map((secret) => `${node} ${secret}`)])) {
      const left = (uses.get(used) ?? 0) + by;
      if (left === 0) uses.delete(used);
      else uses.set(used, left);
    }
  };
  const add = (object: CachedObject) => {
    const read = placements.has(object.key) ? undefined : readBound(object);
    if (!read) return;
    placements.set(object.key, read);
    count(read, 1);
  };
  const remove = (key: string) => {
    const known = placements.get(key);
    if (!known) return false;
    placements.delete(key);
    count(known, -1);
    return known.secrets.length > 0;
  };
  const cache = feed.cacheOf(placementsPrefix);
  const addAll = () => {
    for (const object of cache.range('')) add(object);
  };
  addAll();
  cache.listen((events: readonly CacheEvent[]) => {
    let isLess = false;
    for (const { isDelete, object, previous } of events) {
      if (isDelete || (previous && previous.uid !== object.uid)) isLess = remove(object.key) || isLess;
      if (!isDelete) add(object);
    }
    if (isLess) tell();
  });
  feed.onReset(() => {
    placements.clear();
    uses.clear();
    addAll();
  });
  return {
    isOn: (node: string, namespace: string, name: string) => placements.get(objectKey(placementsPrefix, namespace, name))?.node === node,
    isIn: (node: string, namespace: string) => uses.has(`${node} ${namespace}/`),
    names: (node: string, namespace: string, name: string) => uses.has(`${node} ${namespace}/${name}`),
  };
}

/** What is not understood binds nothing. */
function readBound({ bytes, namespace }: CachedObject): Bound | undefined {
  const { spec } = decodeObject(bytes);
  if (!isObject(spec) || typeof spec.nodeName !== 'string') return undefined;
  return { node: spec.nodeName, namespace, secrets: secretsNamed(spec).map((name) => `${namespace}/${name}`) };
}

function secretsNamed({ imagePullSecrets, env, mounts }: JsonObject): string[] {
  const names = [
    ...objects(imagePullSecrets).map(({ name }) => name),
    ...objects(env).map(({ valueFrom }) => within(within(valueFrom, 'secretKeyRef'), 'name')),
    ...objects(mounts).map(({ secret }) => within(secret, 'name')),
  ];
  return names.filter((name) => typeof name === 'string');
}

const objects = (list: Json | undefined): JsonObject[] => (Array.isArray(list) ? list.filter(isObject) : []);
const within = (value: Json | undefined, field: string): Json | undefined => (isObject(value) ? value[field] : undefined);
