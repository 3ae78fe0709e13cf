import { ApiError, type KubeObject } from '@river/crds';
import { type CachedObject, cacheObject } from '../cache/cached-object.ts';
import { encodeStored } from '../object/encode.ts';
import { reachNow } from '../read/read-at.ts';
import type { ServedKind } from '../registry/served-kind.ts';
import type { Check, StoredEntry, Write } from '../store/store.ts';
import { commit, readStore } from './commit.ts';
import type { WriteDeps, WriteOptions, Written } from './write-context.ts';

/**
 * What one look at an object decides. `object` is in the storage version. `also` are other keys that must not have changed,
 * `beside` other objects that are written in the same transaction; `unchanged` writes nothing.
 */
export type Step =
  | { do: 'put'; object: KubeObject; also?: readonly Check[]; beside?: readonly Write[] }
  | { do: 'delete'; object: KubeObject }
  | { do: 'unchanged' };

/** Decides from the object as it stands (undefined: there is none). Throws what the client is to be told. */
export type Decide = (current: CachedObject | undefined) => Step | Promise<Step>;

export interface Change {
  kind: ServedKind;
  namespace: string;
  name: string;
  key: string;
  options: Pick<WriteOptions, 'isDryRun' | 'recorded'>;
  decide: Decide;
}

const maxTries = 30;

const cached = (kind: ServedKind, change: Change, entry: StoredEntry | undefined): CachedObject | undefined =>
  entry && cacheObject(entry.key, change.namespace, change.name, entry.value, entry.revision, kind.cache.epoch);

/**
 * Makes one change of one object, exactly once. It decides from the cache first; when the cache turns out to be stale, either because
 * the store refuses or because the decision was an error that a newer state would not have given, it decides again from the store.
 */
export async function changeObject(deps: WriteDeps, change: Change): Promise<Written> {
  const { kind, key } = change;
  const look = async () => cached(kind, change, await readStore(() => deps.store.get(key)));
  // A dry run has no commit that would notice a stale cache.
  let isFresh = change.options.isDryRun;
  let current = isFresh ? await look() : kind.cache.get(key);
  for (let tries = 0; tries < maxTries; tries++) {
    const attempt = await decide(change, current);
    if (attempt.isRefused || attempt.step.do === 'unchanged') {
      if (!isFresh) {
        const fresh = await look();
        isFresh = true;
        if (fresh?.revision !== current?.revision) {
          current = fresh;
          continue;
        }
      }
      if (attempt.isRefused) throw attempt.error;
      if (!current) throw new Error(`nothing stands at ${key}, yet it was left unchanged`);
      return { object: current, outcome: 'unchanged' };
    }
    const made = await make(deps, change, current, attempt.step);
    if (made.written) return made.written;
    isFresh = made.conflicts.has(key);
    if (isFresh) current = cached(kind, change, made.conflicts.get(key));
    else await reachNow(deps);
  }
  throw new ApiError('Conflict', `${key} is changed by others too often to be written; try again`, { details: { retryAfterSeconds: 1 } });
}

type Attempt = { step: Step; isRefused: false } | { error: unknown; isRefused: true };

async function decide(change: Change, current: CachedObject | undefined): Promise<Attempt> {
  try {
    return { step: await change.decide(current), isRefused: false };
  } catch (error) {
    return { error, isRefused: true };
  }
}

type Made = { written: Written; conflicts?: undefined } | { written: null; conflicts: Map<string, StoredEntry | undefined> };

async function make(
  deps: WriteDeps,
  change: Change,
  current: CachedObject | undefined,
  step: Exclude<Step, { do: 'unchanged' }>,
): Promise<Made> {
  const { kind, key, namespace, name } = change;
  const value = encodeStored(step.object);
  const outcome = step.do === 'delete' ? 'deleted' : current ? 'updated' : 'created';
  const made = (revision: bigint): Written => ({ object: cacheObject(key, namespace, name, value, revision, kind.cache.epoch), outcome });
  if (change.options.isDryRun) return { written: made(current?.revision ?? 0n) };
  const checks = [{ key, revision: current?.revision ?? 0n }, ...(step.do === 'put' ? (step.also ?? []) : [])];
  const writes = [{ key, value: step.do === 'delete' ? null : value }, ...(step.do === 'put' ? (step.beside ?? []) : [])];
  await change.options.recorded?.();
  const result = await commit(deps.store, checks, writes);
  if (!result.ok) return { written: null, conflicts: result.conflicts };
  const seen = kind.cache.get(key);
  return { written: seen?.revision === result.revision ? { object: seen, outcome } : made(result.revision) };
}
