import { z } from 'zod';
import type { StructuralSchema } from './structural-schema.ts';

/** What a zod schema means to Kubernetes beyond what zod can say. */
export interface Extension {
  /** Stands in place of what the zod schema would have been emitted as. */
  instead?: StructuralSchema;
  /** Is added to what the zod schema is emitted as. */
  also?: StructuralSchema;
}

const extensions = z.registry<Extension>();

export const extensionOf = (schema: z.core.$ZodType): Extension => extensions.get(schema) ?? {};

/** A copy of `schema` that also says `extension`; rules already attached to it stay. */
export function extend<T extends z.ZodType>(schema: T, extension: Extension): T {
  const before = extensionOf(schema);
  const copy = schema.clone();
  const rules = [...(before.also?.['x-kubernetes-validations'] ?? []), ...(extension.also?.['x-kubernetes-validations'] ?? [])];
  extensions.add(copy, {
    ...before,
    ...extension,
    also: { ...before.also, ...extension.also, ...(rules.length > 0 && { 'x-kubernetes-validations': rules }) },
  });
  return copy;
}
