import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cause, CustomResourceDefinition, KubeObject } from '@river/crds';
import { builtInDefinitions, riverDefinitions } from '@river/crds/definitions';
import { checkDefinition, completeDefinition } from './kubernetes/definition-rules.ts';
import { crdNaming } from './schema/crd-naming.ts';

const copyOf = (definition: CustomResourceDefinition): KubeObject => structuredClone(definition) as unknown as KubeObject;

const causesOf = (definition: CustomResourceDefinition): Cause[] => {
  const object = copyOf(definition);
  completeDefinition(object, undefined);
  return checkDefinition(object, undefined);
};

/** Kubernetes keeps these groups and these forms for itself: they stand in definitions only here. */
const isOfGroup = ({ field }: Cause) => field === 'spec.group' || field.startsWith('metadata.');
const isOwnForm = ({ field }: Cause) => field.includes('.selectableFields');

describe("River's kinds", () => {
  for (const definition of riverDefinitions) {
    it(`${definition.metadata.name} is a definition that a Kubernetes API server takes`, () => assert.deepEqual(causesOf(definition), []));
  }

  it('get all of their names beside each other', () => {
    for (const definition of riverDefinitions) {
      const settled = riverDefinitions.map((other) => ({ ...other, status: crdNaming(other, [], '') }));
      const { conditions } = crdNaming(definition, settled, '2026-01-01T00:00:00Z');
      assert.ok(
        conditions.every(({ status }) => status === 'True'),
        `${definition.metadata.name}: ${JSON.stringify(conditions)}`,
      );
    }
  });
});

const isServersOwn = ({ message }: { message: string }) => message.endsWith('is a kind of the server itself');

describe("Kubernetes' own kinds", () => {
  for (const definition of builtInDefinitions) {
    it(`${definition.metadata.name} are defined as any other, but for what Kubernetes reserves`, () =>
      assert.deepEqual(
        causesOf(definition).filter((cause) => !isOfGroup(cause) && !isOwnForm(cause) && !isServersOwn(cause)),
        [],
      ));
  }
});
