import { z } from 'zod';
import { defineResource } from '../define-resource.ts';
import type { CustomResourceDefinition as Crd } from '../meta/custom-resource-definition.ts';
import { anyObject, listOf } from '../schema/field.ts';
import { conditionList } from './condition-list.ts';

const names = z.object({
  plural: z.string().describe('Name in URLs: `tasks`.'),
  singular: z.string().optional().describe('Name for one: `task`. The kind in lower case, unless given.'),
  shortNames: listOf(z.string()).optional().describe('Short names for the command line.'),
  kind: z.string().describe('Name in objects: `Task`.'),
  listKind: z.string().optional().describe('Kind of a list of them. The kind and `List`, unless given.'),
  categories: listOf(z.string()).optional().describe('Groups such as `all` in which `kubectl get` shows them.'),
});

const scale = z.object({
  specReplicasPath: z.string().describe('Where the wanted number stands.'),
  statusReplicasPath: z.string().describe('Where the present number stands.'),
  labelSelectorPath: z.string().optional().describe('Where a label selector stands, as text.'),
});

const column = z.object({
  name: z.string().describe('Heading.'),
  type: z.string().describe('integer, number, string, boolean or date.'),
  format: z.string().optional().describe('Format of the type.'),
  description: z.string().optional().describe('What the column says.'),
  priority: z.int32().optional().describe('Above 0: only in wide output.'),
  jsonPath: z.string().describe('Where the value stands.'),
});

const version = z.object({
  name: z.string().describe('`v1`, `v1beta2`.'),
  served: z.boolean().describe('Whether clients may use it.'),
  storage: z.boolean().describe('Whether objects are kept in it. True for exactly one.'),
  deprecated: z.boolean().optional().describe('Whether clients are warned.'),
  deprecationWarning: z.string().optional().describe('What they are told.'),
  schema: z
    .object({ openAPIV3Schema: anyObject().optional().describe('A structural OpenAPI v3 schema.') })
    .optional()
    .describe('What objects of this version look like.'),
  subresources: z
    .object({
      status: anyObject().optional().describe('Present: the status is written apart from the rest.'),
      scale: scale.optional().describe('Present: `kubectl scale` works.'),
    })
    .optional()
    .describe('Parts that are served on their own.'),
  additionalPrinterColumns: listOf(column).optional().describe('What `kubectl get` shows.'),
  selectableFields: listOf(z.object({ jsonPath: z.string().describe('Path of a scalar field: `.spec.color`.') }))
    .optional()
    .describe('Fields that field selectors may name.'),
});

const conversion = z.object({
  strategy: z.enum(['None', 'Webhook']).describe('None: only the apiVersion changes.'),
  webhook: anyObject().optional().describe('Who converts, for the strategy Webhook.'),
});

const definition = defineResource({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  scope: 'Cluster',
  description: 'Adds a kind to the API. Its name is `<plural>.<group>`.',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  columns: [{ name: 'Created At', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'When it was created.' }],
  subresources: { status: {} },
  fields: {
    spec: z
      .object({
        group: z.string().describe('The API group.'),
        names: names.describe('What the kind is called.'),
        scope: z.enum(['Cluster', 'Namespaced']).describe('Whether its objects live in namespaces.'),
        versions: listOf(version).describe('Its versions.'),
        conversion: conversion.default({ strategy: 'None' }).describe('How objects go from one version to another.'),
        preserveUnknownFields: z.boolean().optional().describe('Must be false; the schema says what is kept.'),
      })
      .describe('The kind.'),
    status: z
      .object({
        conditions: conditionList().nullable().optional().describe('Established, NamesAccepted, NonStructuralSchema, Terminating.'),
        acceptedNames: names.optional().describe('The names under which it is served.'),
        storedVersions: listOf(z.string()).nullable().optional().describe('Versions in which objects may have been kept.'),
        observedGeneration: z.int().optional().describe('The metadata.generation that this answers to.'),
      })
      .optional()
      .describe('Whether it is served.'),
  },
});

/** The definition of definitions. Its schemas recurse, which no structural schema can say: they are checked by the server's own code. */
export const CustomResourceDefinition = definition;
export type CustomResourceDefinition = Crd;
