import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '@river/crds';
import { hidden, redact } from './redact.ts';
import { bodyFields } from './request-fields.ts';

const x = 'planted';
const secret = (more: object = {}) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', labels: { b: 'c' } }, ...more });

/** What is sent, whether to Secrets, and what is kept of it; without that: nothing of what is planted. */
const table: [string, Json, boolean, Json?][] = [
  ['data', secret({ data: { a: x }, type: 'Opaque' }), true, secret({ data: { a: hidden }, type: 'Opaque' })],
  ['stringData', secret({ stringData: { a: x } }), true, secret({ stringData: { a: hidden } })],
  ['data that is no object', secret({ data: x }), true],
  ['data that is a list', secret({ data: [x] }), true],
  ['deeper data', secret({ data: { a: { b: [x] } } }), true],
  ['misspelt data', secret({ Data: { a: x } }), true],
  ['a type that is an object', secret({ type: { a: x } }), true],
  ['fields in metadata that no one knows', secret({ metadata: { name: 'a', data: { a: x } } }), true],
  ['managed fields', secret({ metadata: { name: 'a', managedFields: [{ fieldsV1: { x: { planted: {} } } }] } }), true],
  [
    'what kubectl has applied',
    secret({ metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': x, b: 'c' } } }),
    true,
  ],
  ['a patch without a kind', { data: { a: x } }, true],
  ['a JSON patch', [{ op: 'test', path: '/data/a', value: x }], true, [{ op: 'test', path: '/data/a', value: hidden }]],
  ['a JSON patch of all', [{ op: 'replace', path: '', value: { data: { a: x } } }], true],
  ['no object', x, true],
  ['no steps', [x], true],
  ['a Secret sent to another kind', secret({ data: { a: x } }), false],
  ['Secrets in a List', { kind: 'List', items: [secret({ data: { a: x } })] }, false],
  ['Secrets in a list of them', { kind: 'SecretList', items: [{ data: { a: x } }] }, true],
  ['a Secret in a patch', [{ op: 'add', path: '/spec/a', value: secret({ data: { a: x } }) }], false],
  ['a token to review', { kind: 'TokenReview', spec: { token: x } }, false],
  [
    'fields whose names say it',
    { spec: { password: x, apiKey: x, clientSecret: x, access_key: x, dbPasswd: x, tokens: [x], credentials: [x] } },
    false,
  ],
  ['keys of a ConfigMap', { data: { 'db-password': x, plain: 'b' } }, false, { data: { 'db-password': hidden, plain: 'b' } }],
  [
    'variables',
    {
      env: [
        { name: 'HF_TOKEN', value: x },
        { name: 'A', value: 'b' },
      ],
    },
    false,
    {
      env: [
        { name: 'HF_TOKEN', value: hidden },
        { name: 'A', value: 'b' },
      ],
    },
  ],
  ['a JSON patch of such a field', [{ op: 'add', path: '/data/password', value: x }], false],
  [
    'credentials in an address',
    { spec: { url: `https://ada:${x}@git.example/a` } },
    false,
    { spec: { url: `https://${hidden}@git.example/a` } },
  ],
  [
    'references to Secrets',
    { spec: { secretName: 'a', imagePullSecrets: [{ name: 'b' }], valueFrom: { secretKeyRef: { name: 'a', key: 'k' } } } },
    false,
    { spec: { secretName: 'a', imagePullSecrets: [{ name: 'b' }], valueFrom: { secretKeyRef: { name: 'a', key: 'k' } } } },
  ],
  [
    'a certificate request',
    { kind: 'CertificateSigningRequest', spec: { request: 'LS0t' } },
    false,
    { kind: 'CertificateSigningRequest', spec: { request: 'LS0t' } },
  ],
];

/** The same JSON in other words. */
function waysToSend(body: Json): Record<string, string> {
  const plain = JSON.stringify(body);
  const escaped = plain.replace(/[a-z]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`).replaceAll('/', '\\/');
  return {
    plain,
    'on many lines': JSON.stringify(body, null, 2),
    // The names of JSON itself cannot be escaped.
    ...(!/true|false|null/.test(plain) && { escaped }),
    'with escaped slashes only': plain.replaceAll('/', '\\/'),
  };
}

describe('what is kept of a body', () => {
  for (const [what, body, isSecret, kept] of table) {
    it(`hides: ${what}`, () => {
      const before = structuredClone(body);
      const shown = redact(body, isSecret);
      assert.ok(!JSON.stringify(shown).includes(x), JSON.stringify(shown));
      if (kept !== undefined) assert.deepEqual(shown, kept);
      assert.deepEqual(body, before, 'what was sent is not changed');
      for (const [how, text] of Object.entries(waysToSend(body))) {
        const fields = bodyFields(text, isSecret);
        assert.deepEqual(JSON.parse(`{"b":1${fields}}`).body, shown, how);
        assert.ok(!fields.includes('\n'), how);
      }
    });
  }

  it('is what was sent, itself, where there is nothing to hide', () => {
    const body = { spec: { image: 'busybox', command: ['a', 'b'], ports: [{ name: 'http', port: 80 }] } };
    assert.equal(redact(body, false), body);
  });

  it('ends somewhere, and then says of how much it is the beginning', () => {
    const body = { data: { a: '"'.repeat(100_000) } };
    const fields = JSON.parse(`{"b":1${bodyFields(JSON.stringify(body), false)}}`);
    assert.equal(fields.body, undefined);
    assert.equal(fields.bodyLength, JSON.stringify(body).length);
    assert.match(fields.bodySha256, /^[0-9a-f]{64}$/);
    assert.ok(bodyFields(JSON.stringify(body), false).length < 17 * 1024);
    assert.ok(JSON.stringify(body).startsWith(fields.bodyCut));
  });

  it('hides before it cuts', () => {
    const fields = bodyFields(JSON.stringify(secret({ data: { a: x, b: x.repeat(10_000) } })), true);
    assert.ok(!fields.includes(x));
  });
});
