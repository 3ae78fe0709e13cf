import type { Cause, JsonObject, ObjectMeta } from '@river/crds';
import { compileSchema } from './compile-schema.ts';
import { mostCauses } from './field-causes.ts';
import { type MetadataRules, metadataCauses } from './metadata-rules.ts';
import { objectMetaSchema } from './object-meta-schema.ts';

export type { MetadataRules, NameForm } from './metadata-rules.ts';

const shape = compileSchema({ type: 'object', properties: { metadata: objectMetaSchema } });

/** What is wrong with the metadata of an object that has its name and namespace already. Unknown fields are `prune`'s matter. */
export const validateMetadata = (metadata: JsonObject, rules: MetadataRules): Cause[] => {
  const misshapen = shape.validate({ metadata });
  if (misshapen.length > 0) return misshapen;
  return metadataCauses(metadata as unknown as ObjectMeta, rules).slice(0, mostCauses);
};
