import type { StructuralSchema } from './structural-schema.ts';

const objectMeta = /^\.metadata\.(name|namespace|creationTimestamp|labels|annotations|deletionTimestamp|generation|uid)\b/;

/**
 * The schema of the field that a simple JSON path such as `.status.conditions[?(@.type=="Ready")].status` leads to.
 * Undefined when it leads nowhere.
 */
export function pathSchema(schema: StructuralSchema, path: string): StructuralSchema | undefined {
  if (objectMeta.test(path)) return { type: 'string' };
  let here: StructuralSchema | undefined = schema;
  for (const [, name, index] of path.matchAll(/\.([A-Za-z0-9_-]+)|(\[[^\]]*\])/g)) {
    if (!here || here['x-kubernetes-preserve-unknown-fields']) return here;
    if (index !== undefined) here = here.items;
    else here = here.properties?.[name ?? ''] ?? (typeof here.additionalProperties === 'object' ? here.additionalProperties : undefined);
  }
  return here;
}
