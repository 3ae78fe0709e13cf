import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { crdOf, defineResource } from './define-resource.ts';
import { ApiError } from './meta/api-error.ts';
import type { KubeObject } from './meta/object-meta.ts';

const boat = {
  group: 'harbour.example.com',
  version: 'v1',
  kind: 'Boat',
  plural: 'boats',
  scope: 'Namespaced',
  description: 'Floats.',
  shortNames: ['bt'],
  columns: [{ name: 'Sails', type: 'integer', jsonPath: '.spec.sails' }],
  selectableFields: ['.spec.colour'],
  subresources: { status: {}, scale: { specReplicasPath: '.spec.sails', statusReplicasPath: '.status.set' } },
  fields: {
    spec: z.object({
      colour: z.enum(['Red', 'Blue']),
      sails: z.int().min(0).max(9).default(1),
      names: z.array(z.string().max(5)).max(2).optional(),
    }),
    status: z.object({ set: z.int().optional() }).optional(),
  },
} as const;

const Boat = defineResource(boat);
const draft = { apiVersion: 'harbour.example.com/v1', kind: 'Boat', metadata: { name: 'ida' }, spec: { colour: 'Red' } };

const invalid = (json: unknown): ApiError => {
  try {
    Boat.parse(json);
  } catch (error) {
    assert.ok(ApiError.is(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'expected a refusal' });
};

describe('defineResource', () => {
  it('makes a definition that any Kubernetes API server serves', () => {
    const { metadata, spec } = crdOf(Boat);
    assert.equal(metadata.name, 'boats.harbour.example.com');
    assert.deepEqual(spec.names, { kind: 'Boat', listKind: 'BoatList', plural: 'boats', singular: 'boat', shortNames: ['bt'] });
    const [version] = spec.versions;
    assert.ok(version?.served && version.storage);
    assert.deepEqual(version.selectableFields, [{ jsonPath: '.spec.colour' }]);
    assert.deepEqual(version.subresources, boat.subresources);
    assert.deepEqual(version.schema?.openAPIV3Schema?.required, ['spec']);
    assert.deepEqual(Object.keys(version.schema?.openAPIV3Schema?.properties ?? {}), ['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  });

  it('names kinds of the core group without a group', () => {
    const Port = defineResource({ ...boat, group: '', kind: 'Port', plural: 'ports' });
    assert.equal(Port.apiVersion, 'v1');
    assert.equal(Port.crd.metadata.name, 'ports');
  });

  it('fills in defaults, keeps metadata and drops what it does not know', () => {
    const parsed = Boat.parse({ ...draft, metadata: { name: 'ida', labels: { a: 'b' }, uid: 'u' }, extra: 1 });
    assert.deepEqual(parsed, { ...draft, metadata: { name: 'ida', labels: { a: 'b' }, uid: 'u' }, spec: { colour: 'Red', sails: 1 } });
    const sails: number = parsed.spec.sails;
    const asObject: KubeObject = parsed;
    assert.equal(sails, 1);
    assert.equal(asObject.kind, 'Boat');
  });

  it('says of each wrong field what Kubernetes would', () => {
    const error = invalid({ ...draft, spec: { sails: 10, names: ['toolong'] } });
    assert.equal(error.reason, 'Invalid');
    assert.match(error.message, /^Boat\.harbour\.example\.com "ida" is invalid: \[/);
    const reasons = Object.fromEntries(error.details?.causes?.map((cause) => [cause.field, cause.reason]) ?? []);
    assert.deepEqual(reasons, {
      'spec.colour': 'FieldValueRequired',
      'spec.sails': 'FieldValueInvalid',
      'spec.names[0]': 'FieldValueTooLong',
    });
  });

  it('says when a list is too long', () => {
    const error = invalid({ ...draft, spec: { colour: 'Red', names: ['a', 'b', 'c'] } });
    assert.deepEqual(error.details?.causes, [
      { field: 'spec.names', reason: 'FieldValueTooMany', message: 'Too many: must have at most 2 items' },
    ]);
  });

  it('names the supported values of a choice', () => {
    const error = invalid({ ...draft, spec: { colour: 'Green' } });
    assert.equal(
      error.message,
      'Boat.harbour.example.com "ida" is invalid: spec.colour: Unsupported value: "Green": supported values: "Red", "Blue"',
    );
  });

  it('refuses an object of another kind, or none', () => {
    assert.equal(invalid({ ...draft, kind: 'Car' }).reason, 'BadRequest');
    for (const wrong of [null, 7, 'x', [], {}]) assert.equal(invalid(wrong).reason, 'BadRequest');
  });

  it('refuses columns, selectable fields and scale paths that lead nowhere', () => {
    assert.throws(() => defineResource({ ...boat, selectableFields: ['.spec.color'] }), /\.spec\.color leads to no field/);
    assert.throws(() => defineResource({ ...boat, columns: [{ name: 'X', type: 'string', jsonPath: '.spec.x' }] }), /\.spec\.x leads/);
    const scale = { specReplicasPath: '.spec.sail', statusReplicasPath: '.status.set' };
    assert.throws(() => defineResource({ ...boat, subresources: { scale } }), /\.spec\.sail leads/);
  });

  it('refuses, when it is defined, what no server could serve', () => {
    assert.throws(
      () => defineResource({ ...boat, fields: { spec: z.object({ built: z.date() }) } }),
      /^SchemaError: Boat\.spec\.built: .*dateTime/,
    );
  });
});
