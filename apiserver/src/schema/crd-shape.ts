import type { StructuralSchema } from '@river/crds';

const text: StructuralSchema = { type: 'string' };
const flag: StructuralSchema = { type: 'boolean' };
const texts: StructuralSchema = { type: 'array', items: text, nullable: true };
const list = (items: StructuralSchema): StructuralSchema => ({ type: 'array', items, nullable: true });
const object = (properties: Record<string, StructuralSchema>, required: string[] = []): StructuralSchema => ({
  type: 'object',
  properties,
  required,
});

const names = object({ plural: text, singular: text, kind: text, listKind: text, shortNames: texts, categories: texts }, [
  'plural',
  'kind',
]);

const scale = object({ specReplicasPath: text, statusReplicasPath: text, labelSelectorPath: { type: 'string', nullable: true } }, [
  'specReplicasPath',
  'statusReplicasPath',
]);

const version = object(
  {
    name: text,
    served: flag,
    storage: flag,
    deprecated: flag,
    deprecationWarning: { type: 'string', nullable: true },
    schema: object({ openAPIV3Schema: { type: 'object' } }),
    subresources: object({ status: { type: 'object' }, scale }),
    additionalPrinterColumns: list(
      object({ name: text, type: text, jsonPath: text, format: text, description: text, priority: { type: 'integer' } }, [
        'name',
        'type',
        'jsonPath',
      ]),
    ),
    selectableFields: list(object({ jsonPath: text }, ['jsonPath'])),
  },
  ['name', 'served', 'storage'],
);

/** What a CustomResourceDefinition looks like, down to its schemas, which are judged by rules of their own. */
export const crdShape: StructuralSchema = object(
  {
    spec: object(
      {
        group: text,
        names,
        scope: text,
        versions: { type: 'array', items: version },
        conversion: object({ strategy: text }, ['strategy']),
        preserveUnknownFields: flag,
      },
      ['group', 'names', 'scope', 'versions'],
    ),
    status: object({ storedVersions: texts, conditions: list(object({ type: text, status: text })) }),
  },
  ['spec'],
);
