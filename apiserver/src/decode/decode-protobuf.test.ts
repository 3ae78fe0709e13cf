import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError, type JsonObject } from '@river/crds';
import fc from 'fast-check';
import { decodeProtobuf } from './decode-protobuf.ts';

/** Bodies as kubectl 1.32 sends them. */
const sent: [command: string, body: string, object: JsonObject][] = [
  [
    'create secret generic s --from-literal=p=q -n x',
    'azhzAAoMCgJ2MRIGU2VjcmV0Eh4KEgoBcxIAGgF4IgAqADIAOABCABIGCgFwEgFxGgAaACIA',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'x' }, data: { p: 'cQ==' } },
  ],
  [
    'create namespace nn',
    'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhoKEgoCbm4SABoAIgAqADIAOABCABIAGgIKABoAIgA=',
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'nn' }, spec: {}, status: {} },
  ],
  [
    'create serviceaccount sa -n x',
    'azhzAAoUCgJ2MRIOU2VydmljZUFjY291bnQSFQoTCgJzYRIAGgF4IgAqADIAOABCABoAIgA=',
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sa', namespace: 'x' } },
  ],
  [
    'create priorityclass pc --value=-5 --global-default --preemption-policy=Never',
    'azhzAAolChRzY2hlZHVsaW5nLms4cy5pby92MRINUHJpb3JpdHlDbGFzcxIqChIKAnBjEgAaACIAKgAyADgAQgAQ+///////////ARgBIgAqBU5ldmVyGgAiAA==',
    {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'pc' },
      value: -5,
      globalDefault: true,
      preemptionPolicy: 'Never',
    },
  ],
];

const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))]);
const number = (field: number, value: number) => Buffer.from([...varint(field * 8), ...varint(value)]);
const block = (field: number, ...parts: (string | Uint8Array)[]) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(body.length)]), body]);
};
const body = (apiVersion: string, kind: string, ...parts: Uint8Array[]) =>
  Buffer.concat([Buffer.from('k8s\0'), block(1, block(1, apiVersion), block(2, kind)), block(2, ...parts)]);

const refusal = (bytes: Uint8Array) => {
  try {
    decodeProtobuf(bytes);
  } catch (error) {
    if (ApiError.is(error)) return error.reason;
    throw error;
  }
  return 'none';
};

describe('a body in protobuf', () => {
  for (const [command, bytes, object] of sent)
    it(`is what kubectl ${command} means`, () => assert.deepEqual(decodeProtobuf(Buffer.from(bytes, 'base64')), object));

  it('says times, to the second and to the microsecond, and leaves out those that are none', () => {
    const spec = block(2, block(1, 'me'), number(2, 15), block(4, number(1, 1_767_225_600), number(2, 1_500_000)), block(3), number(5, 0));
    const metadata = block(1, block(1, 'l'), block(8, number(1, 1_767_225_600)), block(9));
    assert.deepEqual(decodeProtobuf(body('coordination.k8s.io/v1', 'Lease', metadata, spec)), {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'l', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.001500Z', leaseTransitions: 0 },
    });
  });

  it('keeps what is zero where zero says something', () => {
    const options = decodeProtobuf(body('v1', 'DeleteOptions', number(1, 0), number(3, 0), block(2, block(1, 'u')), block(5, 'All')));
    assert.deepEqual(options, {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
      preconditions: { uid: 'u' },
      orphanDependents: false,
      dryRun: ['All'],
    });
  });

  it('reads maps, lists, owners and owned fields', () => {
    const owner = block(13, block(5, 'river.dev/v1'), block(1, 'Task'), block(3, 't'), block(4, 'u'), number(6, 1));
    const managed = block(17, block(1, 'me'), block(2, 'Update'), block(7, block(1, '{"f:data":{}}')));
    const label = (key: string, value: string) => block(11, block(1, key), block(2, value));
    const metadata = block(1, block(1, 'c'), label('a', 'b'), label('__proto__', 'd'), owner, block(14, 'f1'), block(14, 'f2'), managed);
    const map = decodeProtobuf(
      body('v1', 'ConfigMap', metadata, block(2, block(1, 'k'), block(2, 'v')), block(3, block(1, 'b'), block(2, Buffer.from([255])))),
    );
    assert.deepEqual(map.metadata, {
      name: 'c',
      labels: Object.fromEntries([
        ['a', 'b'],
        ['__proto__', 'd'],
      ]),
      ownerReferences: [{ apiVersion: 'river.dev/v1', kind: 'Task', name: 't', uid: 'u', controller: true }],
      finalizers: ['f1', 'f2'],
      managedFields: [{ manager: 'me', operation: 'Update', fieldsV1: { 'f:data': {} } }],
    });
    assert.deepEqual([map.data, map.binaryData], [{ k: 'v' }, { b: '/w==' }]);
  });

  it('of questions about tokens says what was asked', () => {
    const review = body('authentication.k8s.io/v1', 'TokenReview', block(2, block(1, 'token'), block(2, 'a'), block(2, 'b')));
    assert.deepEqual(decodeProtobuf(review).spec, { token: 'token', audiences: ['a', 'b'] });
    const bound = block(3, block(1, 'Secret'), block(2, 'v1'), block(3, 's'), block(4, 'u'));
    const request = body('authentication.k8s.io/v1', 'TokenRequest', block(2, block(1, 'a'), bound, number(4, 600)));
    assert.deepEqual(decodeProtobuf(request).spec, {
      audiences: ['a'],
      boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's', uid: 'u' },
      expirationSeconds: 600,
    });
  });

  it('may hold fields that are newer than the reader', () => {
    assert.deepEqual(decodeProtobuf(body('v1', 'ConfigMap', number(99, 1), block(98, 'x'))), { apiVersion: 'v1', kind: 'ConfigMap' });
  });

  it('is refused when its kind has no such form here, or it can not be read', () => {
    assert.equal(refusal(body('river.dev/v1', 'Task')), 'UnsupportedMediaType');
    assert.equal(refusal(Buffer.from('{}')), 'BadRequest');
    assert.equal(refusal(body('v1', 'ConfigMap', Buffer.from([0x0a, 0xff]))), 'BadRequest');
    assert.equal(refusal(body('v1', 'ConfigMap', Buffer.from([0x09]))), 'BadRequest');
    assert.equal(refusal(body('v1', 'ConfigMap', number(1, 1))), 'BadRequest');
    assert.equal(refusal(body('v1', 'ConfigMap', block(1, block(1, Buffer.from([0xff]))))), 'BadRequest');
  });

  it('is read or refused, never anything else, whatever its bytes', () => {
    const kinds = fc.constantFrom(['v1', 'ConfigMap'], ['v1', 'Event'], ['coordination.k8s.io/v1', 'Lease']);
    fc.assert(
      fc.property(kinds, fc.uint8Array({ maxLength: 60 }), ([apiVersion = '', kind = ''], bytes) => {
        assert.ok(['none', 'BadRequest', 'UnsupportedMediaType'].includes(refusal(body(apiVersion, kind, bytes))));
      }),
    );
  });

  it('of the largest size is read in time that grows with it', () => {
    const finalizers = Buffer.concat(Array.from({ length: 300_000 }, () => block(14, 'ab')));
    const start = performance.now();
    decodeProtobuf(body('v1', 'ConfigMap', block(1, finalizers)));
    assert.ok(performance.now() - start < 2000);
  });
});
