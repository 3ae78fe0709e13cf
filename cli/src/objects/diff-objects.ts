import type { KubeObject } from '@river/crds';
import { toYaml } from '../output/print-object.ts';
import { unifiedDiff } from '../output/unified-diff.ts';

/** Without what only the server writes and nobody compares. */
const comparable = ({ metadata, ...rest }: KubeObject) => {
  const { managedFields, resourceVersion, generation, ...kept } = metadata;
  return { ...rest, metadata: kept };
};

/** What changes from the live object (undefined: it is new) to the other, as a unified diff; empty when nothing does. */
export const diffObjects = async (live: KubeObject | undefined, next: KubeObject, name: string): Promise<string> => {
  const before = live ? await toYaml(comparable(live)) : '';
  return unifiedDiff(before, await toYaml(comparable(next)), { before: `live/${name}`, after: `applied/${name}` });
};
