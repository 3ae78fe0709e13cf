import generated from '../generated/definitions.json' with { type: 'json' };
import type { CustomResourceDefinition } from './meta/custom-resource-definition.ts';

/**
 * The same kinds as `@river/crds/kinds`, as the data that they emit. A server that serves any kind needs no more than this, and
 * so neither zod nor the time and memory that it takes.
 * @module
 */
// Written by npm run gen from the kinds, and checked against them.
const definitions = generated as unknown as {
  builtIn: CustomResourceDefinition[];
  river: CustomResourceDefinition[];
  tokenRequest: CustomResourceDefinition;
};

/** Kubernetes' own kinds. */
export const builtInDefinitions: readonly CustomResourceDefinition[] = definitions.builtIn;

/** Every kind of the group river.dev. */
export const riverDefinitions: readonly CustomResourceDefinition[] = definitions.river;

/** What is written to the `token` of a ServiceAccount; it has no address of its own. */
export const tokenRequestDefinition: CustomResourceDefinition = definitions.tokenRequest;
