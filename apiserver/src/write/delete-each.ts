import type { CachedObject } from '../cache/cached-object.ts';
import { ignoreRaces } from './loop-deps.ts';

const atOnce = 32;

/** Deletes many objects, some at a time. One that may not be deleted does not keep the others: its refusal is thrown at the end. */
export async function deleteEach(objects: readonly CachedObject[], deleteOne: (object: CachedObject) => Promise<unknown>): Promise<void> {
  const waiting = objects.values();
  const refusals: unknown[] = [];
  const work = async () => {
    for (const object of waiting) await deleteOne(object).catch((error) => refusals.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, objects.length) }, work));
  for (const refusal of refusals) ignoreRaces(refusal);
}
