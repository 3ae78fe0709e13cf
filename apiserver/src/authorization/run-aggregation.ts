import { isObject, type KubeObject, type LabelMatcher, type LabelSelectorObject, selectorMatcher } from '@river/crds';
import { workQueue } from '@river/runtime';
import type { CachedObject } from '../cache/cached-object.ts';
import { equalJson } from '../json/plain-json.ts';
import { asJson, decodeObject } from '../object/encode.ts';
import { resourcePrefix } from '../object/object-key.ts';
import { editObject, ownOptions } from '../write/edit-object.ts';
import { ignoreRaces, type LoopDeps } from '../write/loop-deps.ts';
import { rbacGroup } from './rights.ts';
import type { PolicyRule } from './rules.ts';

const manager = 'river-aggregation';
const prefix = resourcePrefix(rbacGroup, 'clusterroles');

/** Keeps the rules of ClusterRoles that are the sum of others. */
export function runAggregation(deps: LoopDeps): void {
  const { feed, registry, clock, random, log, signal } = deps;
  const cache = feed.cacheOf(prefix);
  /** Those that have an aggregationRule. */
  const sums = new Set<string>();
  const run = async (name: string): Promise<undefined> => {
    const kind = registry.ofPrefix(prefix);
    const present = cache.get(prefix + name);
    const selectors = present && selectorsOf(present);
    if (!kind || !present || !selectors) return;
    const rules = rulesOfAll(cache.range(prefix), name, selectors);
    if (isSame(decodeObject(present.bytes).rules, rules)) return;
    const options = ownOptions(manager);
    const change = (next: KubeObject) => {
      next.rules = asJson({ rules } as unknown as KubeObject).rules ?? [];
    };
    await editObject(deps, { kind, namespace: '', name, uid: present.uid, subresource: '', options, change }).catch(ignoreRaces);
  };
  const queue = workQueue({ run, signal, clock, random, log: log.with({ loop: 'aggregation' }), parallelism: 1 });
  const note = (object: CachedObject, isDelete = false) => {
    if (!isDelete && selectorsOf(object)) sums.add(object.name);
    else sums.delete(object.name);
  };
  const addAll = () => {
    for (const name of sums) queue.add(name);
  };
  const reload = () => {
    sums.clear();
    for (const object of cache.range(prefix)) note(object);
    addAll();
  };
  cache.listen((events) => {
    for (const { object, isDelete } of events) note(object, isDelete);
    addAll();
  });
  feed.onReset(reload);
  reload();
}

function selectorsOf(object: CachedObject): LabelMatcher[] | undefined {
  const { aggregationRule } = decodeObject(object.bytes);
  if (!isObject(aggregationRule)) return undefined;
  // The schema of the kind has been applied.
  return ((aggregationRule.clusterRoleSelectors ?? []) as LabelSelectorObject[]).map(selectorMatcher);
}

/** In the order of the selectors and of the names, each rule once. */
function rulesOfAll(objects: readonly CachedObject[], self: string, selectors: readonly LabelMatcher[]): PolicyRule[] {
  const found = new Map<string, PolicyRule>();
  for (const selector of selectors) {
    for (const object of objects) {
      if (object.name === self || !selector(object.labels)) continue;
      const { rules } = decodeObject(object.bytes) as { rules?: PolicyRule[] };
      for (const rule of rules ?? []) found.set(JSON.stringify(rule), rule);
    }
  }
  return [...found.values()];
}

const isSame = (a: unknown, b: unknown): boolean =>
  equalJson(asJson({ value: a ?? [] } as unknown as KubeObject), asJson({ value: b } as unknown as KubeObject));
