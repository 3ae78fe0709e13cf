import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '@river/crds';
import { riverViews } from '../reconciling/river-controllers.ts';
import { type ObjectTable, parsed } from './object-table.ts';

/** What somebody would do: have this object as it says here, or have it gone. */
export type Edit = { put: KubeObject } | { remove: KubeObject };

export function applyEdits(table: ObjectTable, edits: readonly Edit[]): void {
  for (const edit of edits) {
    const wanted = 'put' in edit ? edit.put : edit.remove;
    const found = table.find(wanted.kind, wanted.metadata.name, wanted.metadata.namespace);
    if ('remove' in edit) {
      if (found) removeWhole(table, found);
    } else if (found) table.replace(found, undefined, (now) => edited(now, edit.put));
    else table.create(parsed(edit.put));
  }
}

/** A namespace goes with all that is in it. */
function removeWhole(table: ObjectTable, object: KubeObject): void {
  if (object.kind === 'Namespace')
    for (const { kind } of riverViews)
      for (const inside of table.all(kind.kind)) if (inside.metadata.namespace === object.metadata.name) table.remove(inside);
  table.remove(object);
}

/** People write what is wanted; what is so is not theirs. */
function edited(now: KubeObject, put: KubeObject): KubeObject {
  const { labels, annotations } = put.metadata;
  const isSame = isDeepStrictEqual((now as { spec?: unknown }).spec, (put as { spec?: unknown }).spec);
  const generation = (now.metadata.generation ?? 0) + (isSame ? 0 : 1);
  const { labels: _, annotations: __, ...kept } = now.metadata;
  const metadata = { ...kept, generation, ...(labels && { labels }), ...(annotations && { annotations }) };
  return parsed({ ...put, metadata, ...(now.status !== undefined && { status: now.status }) });
}
