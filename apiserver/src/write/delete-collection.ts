import { type Listed, listObjects } from '../read/list-objects.ts';
import type { SelectorQuery } from '../read/selection.ts';
import type { Target } from '../registry/served-kind.ts';
import { deleteEach } from './delete-each.ts';
import { type DeleteOptions, deleteObject } from './delete-object.ts';
import type { WriteDeps, WriteOptions } from './write-context.ts';

export interface CollectionDeletion {
  target: Target;
  namespace: string;
  selectors: SelectorQuery;
  deleteOptions: DeleteOptions;
  options: WriteOptions;
}

/** Deletes what the selectors match now, each as if it had been asked for alone, and gives what was there. */
export async function deleteCollection(deps: WriteDeps, deletion: CollectionDeletion): Promise<Listed> {
  const { target, namespace, selectors } = deletion;
  const listed = await listObjects(deps, target, namespace, selectors);
  await deleteEach(listed.objects, ({ namespace: within, name }) => deleteObject(deps, { ...deletion, namespace: within, name }));
  return listed;
}
