import { ApiError } from '@river/crds';
import { type Listed, listObjects } from '../read/list-objects.ts';
import type { SelectorQuery } from '../read/selection.ts';
import type { Target } from '../registry/served-kind.ts';
import { type DeleteOptions, deleteObject } from './delete-object.ts';
import type { WriteDeps, WriteOptions } from './write-context.ts';

export interface CollectionDeletion {
  target: Target;
  namespace: string;
  selectors: SelectorQuery;
  deleteOptions: DeleteOptions;
  options: WriteOptions;
}

const atOnce = 32;

/** Deletes what the selectors match now, each as if it had been asked for alone, and gives what was there. */
export async function deleteCollection(deps: WriteDeps, deletion: CollectionDeletion): Promise<Listed> {
  const { target, namespace, selectors } = deletion;
  const listed = await listObjects(deps, target, namespace, selectors);
  const waiting = [...listed.objects];
  const work = async () => {
    for (let object = waiting.pop(); object; object = waiting.pop()) {
      await deleteObject(deps, { ...deletion, namespace: object.namespace, name: object.name }).catch(ignoreGone);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return listed;
}

function ignoreGone(error: unknown): void {
  if (!ApiError.is(error, 'NotFound')) throw error;
}
