import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CrdSpec, CrdVersion, CustomResourceDefinition, Json, JsonObject, StructuralSchema } from '@river/crds';
import fc from 'fast-check';
import { type CheckRules, checkCrd } from './check-crd.ts';
import { compileSchema } from './compile-schema.ts';
import { withoutNulls } from './schema-shape.ts';

const noRules: CheckRules = () => [];
const text: StructuralSchema = { type: 'string' };
const version = (schema: StructuralSchema, more: Partial<CrdVersion> = {}): CrdVersion => ({
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema },
  ...more,
});
const crdOf = (spec: Partial<CrdSpec> = {}, name = 'widgets.example.com'): CustomResourceDefinition => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [version({ type: 'object' })],
    ...spec,
  },
});
const wrong = (crd: CustomResourceDefinition, old?: CustomResourceDefinition): string[] =>
  checkCrd(crd as unknown as JsonObject, old, noRules).map((cause) => `${cause.field}: ${cause.message}`);
const root = 'spec.versions[0].schema.openAPIV3Schema';
/** What is wrong with a schema of `spec`, with fields relative to it. */
const wrongSpec = (spec: StructuralSchema): string[] =>
  wrong(crdOf({ versions: [version({ type: 'object', properties: { spec } })] })).map((line) =>
    line.replaceAll(`${root}.properties[spec]`, ''),
  );

describe('checkCrd', () => {
  const specs: [string, Partial<CrdSpec>, string[]][] = [
    ['a plain definition', {}, []],
    [
      'another plural than the name says',
      { names: { plural: 'things', kind: 'Widget' } },
      ['metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group'],
    ],
    [
      'a kind that is no name',
      { names: { plural: 'widgets', kind: 'My_Kind' } },
      [
        "spec.names.kind: Invalid value: \"My_Kind\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [
      'a kind that is its own list',
      { names: { plural: 'widgets', kind: 'Widget', listKind: 'Widget' } },
      ['spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same'],
    ],
    [
      'an unknown scope',
      { scope: 'World' as 'Cluster' },
      ['spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"'],
    ],
    ['no version', { versions: [] }, ['spec.versions: Required value']],
    [
      'no storage version',
      { versions: [version({ type: 'object' }, { storage: false })] },
      ['spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version'],
    ],
    [
      'a version twice',
      { versions: [version({ type: 'object' }), version({ type: 'object' }, { storage: false })] },
      ['spec.versions: Invalid value: ["v1","v1"]: must contain unique version names'],
    ],
    ['no schema', { versions: [{ name: 'v1', served: true, storage: true }] }, [`${root}: Required value: schemas are required`]],
    [
      'preserveUnknownFields',
      { preserveUnknownFields: true },
      [
        'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ],
    ],
    [
      'a conversion webhook',
      { conversion: { strategy: 'Webhook' } },
      ['spec.conversion.strategy: Invalid value: "Webhook": conversion webhooks are not supported by this server: use None'],
    ],
    [
      'a warning without deprecation',
      { versions: [version({ type: 'object' }, { deprecationWarning: 'x' })] },
      ['spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions'],
    ],
    [
      'a column of no type',
      {
        versions: [
          version({ type: 'object' }, { additionalPrinterColumns: [{ name: 'A', type: 'text' as 'string', jsonPath: '.spec.a' }] }),
        ],
      },
      [
        'spec.versions[0].additionalPrinterColumns[0].type: Unsupported value: "text": supported values: "boolean", "date", "integer", "number", "string"',
      ],
    ],
    [
      'a column of no path',
      { versions: [version({ type: 'object' }, { additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.spec[' }] })] },
      ['spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value: ".spec[": is an invalid path: unterminated array'],
    ],
    [
      'columns as people write them',
      {
        versions: [
          version(
            { type: 'object' },
            {
              additionalPrinterColumns: [
                '.metadata.creationTimestamp',
                ".status.conditions[?(@.type=='Ready')].status",
                '.spec.list[*].name',
                ".metadata.labels['a/b']",
                '.spec.list[0]',
              ].map((jsonPath) => ({ name: 'A', type: 'string', jsonPath })),
            },
          ),
        ],
      },
      [],
    ],
    [
      'scale outside of spec',
      {
        versions: [
          version({ type: 'object' }, { subresources: { scale: { specReplicasPath: '.status.n', statusReplicasPath: '.status.n' } } }),
        ],
      },
      ['spec.versions[0].subresources.scale.specReplicasPath: Invalid value: ".status.n": should be a json path under .spec'],
    ],
  ];
  for (const [name, spec, expected] of specs) it(`judges ${name}`, () => assert.deepEqual(wrong(crdOf(spec)), expected));

  it('wants a domain as group, and approval for the protected ones', () => {
    assert.deepEqual(wrong(crdOf({ group: 'example' }, 'widgets.example')), [
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
    ]);
    assert.match(
      wrong(crdOf({ group: 'x.k8s.io' }, 'widgets.x.k8s.io'))[0] ?? '',
      /^metadata\.annotations\[api-approved\.kubernetes\.io\]: Required value: protected groups/,
    );
  });

  const schemas: [string, StructuralSchema, string[]][] = [
    ['no type', {}, ['.type: Required value: must not be empty for specified object fields']],
    [
      'an unknown type',
      { type: 'text' as 'string' },
      ['.type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"'],
    ],
    ['an array of nothing', { type: 'array' }, ['.items: Required value: must be specified']],
    ['items without type', { type: 'array', items: {} }, ['.items.type: Required value: must not be empty for specified array items']],
    [
      'properties and additionalProperties',
      { type: 'object', properties: { a: text }, additionalProperties: text },
      ['.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive'],
    ],
    [
      'closed objects',
      { type: 'object', additionalProperties: false },
      ['.additionalProperties: Forbidden: additionalProperties cannot be set to false'],
    ],
    ['references', { type: 'object', $ref: '#/x' } as StructuralSchema, ['.$ref: Forbidden: $ref is not supported']],
    [
      'uniqueItems',
      { type: 'array', items: text, uniqueItems: true },
      ['.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic'],
    ],
    ['what is preserved needs no type', { 'x-kubernetes-preserve-unknown-fields': true }, []],
    ['int-or-string', { 'x-kubernetes-int-or-string': true }, []],
    ['int-or-string, spelled out', { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }, []],
    [
      'int-or-string, spelled out with more',
      { 'x-kubernetes-int-or-string': true, allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, { pattern: 'x' }] },
      [],
    ],
    [
      'int-or-string with a type',
      { 'x-kubernetes-int-or-string': true, type: 'string' },
      ['.type: Invalid value: "string": must be empty if x-kubernetes-int-or-string is true'],
    ],
    ['types inside allOf', { type: 'string', allOf: [{ type: 'string' }] }, ['.allOf[0].type: Forbidden: must be empty to be structural']],
    [
      'defaults inside anyOf',
      { type: 'string', anyOf: [{ default: 'x' }] },
      ['.anyOf[0].default: Forbidden: must be undefined to be structural'],
    ],
    [
      'fields that only a condition knows',
      { type: 'object', oneOf: [{ properties: { a: { minimum: 1 } } }] },
      [`.properties[a]: Required value: because it is defined in .oneOf[0].properties[a]`],
    ],
    [
      'conditions about what is known',
      {
        type: 'object',
        properties: { a: { type: 'integer' } },
        oneOf: [{ required: ['a'], properties: { a: { minimum: 1 } } }],
        not: { required: ['b'] },
      },
      [],
    ],
    [
      'an embedded resource of nothing',
      { type: 'object', 'x-kubernetes-embedded-resource': true },
      [
        '.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ],
    ],
    [
      'list types on what is no list',
      { type: 'string', 'x-kubernetes-list-type': 'set' },
      ['.type: Invalid value: "string": must be array if x-kubernetes-list-type is set'],
    ],
    [
      'a map list without keys',
      { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' },
      ['.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map'],
    ],
    [
      'a key that may be absent',
      {
        type: 'array',
        items: { type: 'object', properties: { n: text } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['n'],
      },
      [
        '.items.properties[n].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      ],
    ],
    [
      'a key that is there',
      {
        type: 'array',
        items: { type: 'object', properties: { n: text }, required: ['n'] },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['n'],
      },
      [],
    ],
    [
      'a key that nobody knows',
      { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'] },
      ['.x-kubernetes-list-map-keys[0]: Invalid value: "n": entries must all be names of item properties'],
    ],
    [
      'a set of granular objects',
      { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' },
      ['.items.x-kubernetes-map-type: Invalid value: "null": must be atomic as item of a list with x-kubernetes-list-type=set'],
    ],
    [
      'a default of the wrong type',
      { type: 'integer', default: 'x' },
      ['.default: Invalid value: "string": .default in body must be of type integer: "string"'.replace('.default in', 'default in')],
    ],
    [
      'a default with unknown fields',
      { type: 'object', default: { a: 1 } },
      ['.default: Invalid value: {"a":1}: must not have unknown fields'],
    ],
    ['a good default', { type: 'object', properties: { a: { type: 'integer', default: 1 } }, required: ['a'], default: {} }, []],
  ];
  for (const [name, schema, expected] of schemas) it(`judges a schema with ${name}`, () => assert.deepEqual(wrongSpec(schema), expected));

  it('refuses patterns that are not RE2', () => {
    assert.match(
      wrongSpec({ type: 'string', pattern: 'a(?=b)' })[0] ?? '',
      /^\.pattern: Invalid value: "a\(\?=b\)": must be a valid regular expression, but isn't: /,
    );
  });

  it('keeps the root an object, and its metadata to the server', () => {
    const of = (schema: StructuralSchema) => wrong(crdOf({ versions: [version(schema)] })).map((line) => line.replaceAll(root, ''));
    assert.deepEqual(of({}), ['.type: Required value: must not be empty at the root']);
    assert.deepEqual(of({ type: 'object', nullable: true }), ['.nullable: Forbidden: nullable cannot be true at the root']);
    assert.deepEqual(
      of({ type: 'object', properties: { metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 9 } } } } }),
      [],
    );
    assert.deepEqual(of({ type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } }), [
      '.properties[metadata].properties: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
    ]);
  });

  it('takes selectable fields that are scalars of the schema, at most eight', () => {
    const schema: StructuralSchema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { color: text, size: { type: 'object' } } } },
    };
    const of = (...paths: string[]) =>
      wrong(crdOf({ versions: [version(schema, { selectableFields: paths.map((jsonPath) => ({ jsonPath })) })] })).map((line) =>
        line.replace('spec.versions[0].selectableFields', ''),
      );
    assert.deepEqual(of('.spec.color'), []);
    assert.deepEqual(of('.spec.color', '.spec.color'), ['[1].jsonPath: Duplicate value: ".spec.color"']);
    assert.deepEqual(of('.spec.size'), [
      '[0].jsonPath: Invalid value: ".spec.size": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
    ]);
    assert.deepEqual(of('.spec.none'), ['[0].jsonPath: Invalid value: ".spec.none": is an invalid path: does not refer to a valid field']);
    assert.deepEqual(of('.metadata.name'), ['[0].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata']);
    assert.equal(of(...Array(9).fill('.spec.color'))[0], ': Too many: 9: must have at most 8 items');
  });

  it('asks about CEL rules once the schema is structural', () => {
    const asked: string[] = [];
    checkCrd(crdOf() as unknown as JsonObject, undefined, (_schema, field) => {
      asked.push(field);
      return [];
    });
    assert.deepEqual(asked, [root]);
  });

  it('keeps what must not change, and versions that may still be stored', () => {
    const established: CustomResourceDefinition = {
      ...crdOf(),
      status: {
        storedVersions: ['v1'],
        conditions: [{ type: 'Established', status: 'True', reason: '', message: '', lastTransitionTime: '' }],
      },
    };
    const v2 = [version({ type: 'object' }, { name: 'v2' })];
    assert.deepEqual(wrong(crdOf({ scope: 'Cluster', names: { plural: 'widgets', kind: 'Gadget' }, versions: v2 }), established), [
      'spec.scope: Invalid value: "Cluster": field is immutable',
      'spec.names.kind: Invalid value: "Gadget": field is immutable',
      'status.storedVersions[0]: Invalid value: "v1": must appear in spec.versions',
    ]);
    assert.deepEqual(wrong(crdOf({ scope: 'Cluster' }), crdOf()), []);
  });

  it('reads a keyword that is null as absent, once nulls are taken out', () => {
    const schema = {
      type: 'object',
      nullable: null,
      properties: { default: { type: 'string', nullable: true, default: null, title: null } },
    } as unknown as JsonObject;
    assert.deepEqual(withoutNulls(schema), { type: 'object', properties: { default: { type: 'string', nullable: true } } });
    assert.deepEqual(wrongSpec(schema as StructuralSchema), [
      '.nullable: Invalid value: "null": must be a boolean',
      '.properties[default].title: Invalid value: "null": must be a string',
    ]);
    assert.deepEqual(wrongSpec(withoutNulls(schema) as StructuralSchema), []);
  });

  it('judges any JSON without throwing, and what it accepts compiles', () => {
    const keyword = fc.constantFrom(
      'type',
      'properties',
      'items',
      'additionalProperties',
      'allOf',
      'not',
      'pattern',
      'default',
      'enum',
      'required',
      'x-kubernetes-list-type',
      'x-kubernetes-list-map-keys',
      'x-kubernetes-embedded-resource',
      'x-kubernetes-validations',
      'maxLength',
    );
    const schema = fc.letrec<{ schema: Json }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>({ type: 'string' }, { type: 'object' }, 'object', true, ['a'], null, 3),
        fc.dictionary(keyword, tie('schema')),
        fc.dictionary(fc.constantFrom('a', '__proto__', 'metadata'), tie('schema')),
        fc.array(tie('schema'), { maxLength: 3 }),
      ),
    })).schema;
    fc.assert(
      fc.property(schema, (spec) => {
        const crd = crdOf({
          versions: [version({ type: 'object', properties: { spec: spec as StructuralSchema } })],
        }) as unknown as JsonObject;
        if (checkCrd(crd, undefined, noRules).length > 0) return;
        const compiled = compileSchema({ type: 'object', properties: { spec: spec as StructuralSchema } });
        for (const value of [{ a: 'a' }, ['a'], 'a', 1, null]) {
          const object: JsonObject = { spec: value };
          compiled.prune(object);
          compiled.applyDefaults(object);
          compiled.validate(object, { spec: {} });
        }
      }),
      { numRuns: 1000 },
    );
    fc.assert(fc.property(fc.jsonValue(), (spec) => void checkCrd({ spec } as JsonObject, undefined, noRules)));
  });
});
