import type { StructuralSchema } from '@river/crds';

const string: StructuralSchema = { type: 'string' };
const integer: StructuralSchema = { type: 'integer' };

/** A kind that has one of everything that merges in its own way. */
export const mergeableSchema: StructuralSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        replicas: integer,
        image: string,
        command: { type: 'array', items: string },
        tags: { type: 'array', items: string, 'x-kubernetes-list-type': 'set' },
        env: { type: 'object', additionalProperties: string },
        selector: { type: 'object', additionalProperties: string, 'x-kubernetes-map-type': 'atomic' },
        nested: { type: 'object', properties: { a: integer, b: integer } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        limit: { 'x-kubernetes-int-or-string': true },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port', 'protocol'],
          items: {
            type: 'object',
            required: ['port'],
            properties: { port: integer, protocol: { type: 'string', default: 'TCP' }, name: string, weight: integer },
          },
        },
        containers: {
          type: 'array',
          'x-kubernetes-patch-strategy': 'merge',
          'x-kubernetes-patch-merge-key': 'name',
          items: { type: 'object', properties: { name: string, image: string, args: { type: 'array', items: string } } },
        },
      },
    },
    status: { type: 'object', properties: { phase: string, ready: integer } },
  },
};
