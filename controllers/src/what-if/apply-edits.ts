import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '@river/crds';
import { type ObjectTable, parsed } from './object-table.ts';

/** What somebody would do: have this object as it says here, or have it gone. */
export type Edit = { put: KubeObject } | { remove: KubeObject };

export function applyEdits(table: ObjectTable, edits: readonly Edit[]): void {
  for (const edit of edits) {
    const wanted = 'put' in edit ? edit.put : edit.remove;
    const found = table.find(wanted.kind, wanted.metadata.name, wanted.metadata.namespace);
    if ('remove' in edit) {
      if (found) table.remove(found);
    } else if (found) table.replace(found, undefined, (now) => edited(now, edit.put));
    else table.create(parsed(edit.put));
  }
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
