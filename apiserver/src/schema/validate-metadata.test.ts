import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject } from '@river/crds';
import fc from 'fast-check';
import { invalid } from './invalid.ts';
import { type MetadataRules, validateMetadata } from './validate-metadata.ts';

const namespaced: MetadataRules = { namespaced: true, nameRule: 'subdomain' };
const wrong = (more: JsonObject, rules = namespaced): string[] =>
  validateMetadata({ name: 'x', ...(rules.namespaced && { namespace: 'ns' }), ...more }, rules).map(
    (cause) => `${cause.field}: ${cause.message}`,
  );

const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const qualified =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

describe('validateMetadata', () => {
  const cases: [string, JsonObject, string[]][] = [
    [
      'a good name',
      {
        name: 'a-1.b.example.com',
        generateName: 'a-',
        labels: { 'example.com/a': 'B_1', b: '' },
        annotations: { 'EXAMPLE.com/A': 'any thing' },
      },
      [],
    ],
    ['an upper case name', { name: 'X' }, [`metadata.name: Invalid value: "X": ${subdomain}`]],
    ['a name that ends in a dash', { name: 'x-' }, [`metadata.name: Invalid value: "x-": ${subdomain}`]],
    ['two dots', { name: 'a..b' }, [`metadata.name: Invalid value: "a..b": ${subdomain}`]],
    ['a long name', { name: 'a'.repeat(254) }, [`metadata.name: Invalid value: "${'a'.repeat(254)}": must be no more than 253 bytes`]],
    ['no name', { name: '' }, ['metadata.name: Required value: name or generateName is required']],
    ['a bad generateName', { generateName: '-A-' }, [`metadata.generateName: Invalid value: "-A-": ${subdomain}`]],
    ['no namespace', { namespace: '' }, ['metadata.namespace: Required value']],
    ['a label key with spaces', { labels: { 'a b': 'c' } }, [`metadata.labels: Invalid value: "a b": name part ${qualified}`]],
    [
      'a label key with two slashes',
      { labels: { 'a/b/c': '' } },
      [
        `metadata.labels: Invalid value: "a/b/c": a qualified name ${qualified} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
      ],
    ],
    ['an empty prefix', { annotations: { '/a': '' } }, ['metadata.annotations: Invalid value: "/a": prefix part must be non-empty']],
    [
      'a label value',
      { labels: { a: 'b c' } },
      [
        "metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      ],
    ],
    [
      'too many annotations',
      { annotations: { a: 'x'.repeat(262144) } },
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      'two deletions',
      { finalizers: ['orphan', 'foregroundDeletion'] },
      ['metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set'],
    ],
    [
      'a nameless finalizer',
      { finalizers: ['a/'] },
      [
        'metadata.finalizers: Invalid value: "a/": name part must be non-empty',
        `metadata.finalizers: Invalid value: "a/": name part ${qualified}`,
      ],
    ],
    [
      'an owner without identity',
      { ownerReferences: [{ apiVersion: '', kind: 'A', name: 'a' }] },
      [
        'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
      ],
    ],
    [
      'labels that are no texts',
      { labels: { a: 1 } },
      ['metadata.labels.a: Invalid value: "integer": metadata.labels.a in body must be of type string: "integer"'],
    ],
  ];
  for (const [name, meta, expected] of cases) it(`judges ${name}`, () => assert.deepEqual(wrong(meta), expected));

  it('allows one controller', () => {
    const owner = (name: string) => ({ apiVersion: 'v1', kind: 'A', name, uid: name, controller: true });
    assert.deepEqual(wrong({ ownerReferences: [owner('a')] }), []);
    assert.match(
      wrong({ ownerReferences: [owner('a'), owner('b')] })[0] ?? '',
      /: Only one reference can have Controller set to true\. Found "true" in references for a and b$/,
    );
  });

  it('forbids a namespace on what has none', () => {
    assert.deepEqual(wrong({ namespace: 'a' }, { namespaced: false, nameRule: 'label' }), [
      'metadata.namespace: Forbidden: not allowed on this type',
    ]);
  });

  it('holds each kind to its own form of names', () => {
    assert.match(
      wrong({ name: 'a.b' }, { namespaced: false, nameRule: 'label' })[0] ?? '',
      /a lowercase RFC 1123 label .*'my-name', {2}or '123-abc'/,
    );
    assert.deepEqual(wrong({ name: 'system:Any Thing' }, { namespaced: false, nameRule: 'path-segment' }), []);
    assert.deepEqual(wrong({ name: 'a/b' }, { namespaced: false, nameRule: 'path-segment' }), [
      `metadata.name: Invalid value: "a/b": may not contain '/'`,
    ]);
    assert.deepEqual(wrong({ name: '..' }, { namespaced: false, nameRule: 'path-segment' }), [
      `metadata.name: Invalid value: "..": may not be '..'`,
    ]);
  });

  it('judges any JSON without throwing', () => {
    const key = fc.constantFrom('name', 'namespace', 'labels', 'annotations', 'finalizers', 'ownerReferences', 'generation', '__proto__');
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), (meta) => void validateMetadata(meta as { [key: string]: Json }, namespaced)),
      { numRuns: 500 },
    );
  });
});

describe('invalid', () => {
  const cause = (field: string) => ({ reason: 'FieldValueRequired', message: 'Required value', field }) as const;

  it('says one cause plainly, several in brackets, each once', () => {
    const task = { kind: 'Task', group: 'river.dev' };
    assert.equal(invalid(task, 'x', [cause('spec.a')]).message, 'Task.river.dev "x" is invalid: spec.a: Required value');
    assert.equal(
      invalid(task, 'x', [cause('a'), cause('b'), cause('a')]).message,
      'Task.river.dev "x" is invalid: [a: Required value, b: Required value]',
    );
    assert.equal(invalid({ kind: 'Secret', group: '' }, 'x', []).message, 'Secret "x" is invalid');
  });

  it('carries the details', () => {
    const error = invalid({ kind: 'Task', group: 'river.dev' }, 'x', [cause('a')]);
    assert.deepEqual([error.code, error.details], [422, { name: 'x', group: 'river.dev', kind: 'Task', causes: [cause('a')] }]);
  });
});
