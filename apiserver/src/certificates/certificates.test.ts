import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import type { KubeObject } from '@river/crds';
import { keyHash, makeAuthority, makeCertificateRequest, manualClock } from '@river/runtime';
import { refusal, type TestCore, testCore } from '../testing/test-core.ts';
import type { WriteOptions } from '../write/write-context.ts';
import { onRecord } from './tidy-certificates.ts';

const hourMs = 3_600_000;
const requests = 'certificatesigningrequests.certificates.k8s.io';
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const asNode = (node: string): Partial<WriteOptions> => ({
  requester: { username: `system:node:${node}`, uid: '', groups: ['system:nodes', 'system:authenticated'], extra: {} },
});

const requestFor = (name: string, node: string, key = newKey(), spec: object = {}) => ({
  metadata: { name },
  spec: {
    request: Buffer.from(makeCertificateRequest(key, { commonName: `system:node:${node}`, organizations: ['system:nodes'] })).toString(
      'base64',
    ),
    signerName: 'river.dev/node-client',
    usages: ['client auth'],
    ...spec,
  },
});

const renewalOf = (node: string, spec: object = {}) => {
  const key = newKey();
  return requestFor(`node-${node}-${keyHash(key)}`, node, key, spec);
};

async function withCore(use: (test: TestCore) => Promise<void>): Promise<void> {
  const clock = manualClock();
  const test = await testCore({ clock, authority: await makeAuthority(new Date(clock.wallMs())) });
  try {
    await use(test);
  } finally {
    await test.close();
  }
}

const certificateOf = (request: KubeObject | undefined): X509Certificate | undefined => {
  const { certificate } = (request?.status ?? {}) as { certificate?: string };
  return certificate ? new X509Certificate(Buffer.from(certificate, 'base64')) : undefined;
};

async function issued(test: TestCore, draft: ReturnType<typeof requestFor>, options: Partial<WriteOptions>): Promise<X509Certificate> {
  await test.create(requests, draft, options);
  let found: X509Certificate | undefined;
  await test.until('it is issued', async () => {
    found = certificateOf(await test.find(requests, draft.metadata.name));
    return found !== undefined;
  });
  assert.ok(found);
  return found;
}

const approve = (test: TestCore, name: string, type = 'Approved') =>
  test.patch(requests, name, { subresource: 'approval', body: { status: { conditions: [{ type, status: 'True' }] } } });

describe('certificates', () => {
  it('are good for as long as was asked, within the bounds of their signer', () =>
    withCore(async (test) => {
      for (const [seconds, days] of [
        [undefined, 30],
        [600, 600 / 86_400],
        [2_000_000_000, 90],
      ] as const) {
        const nowMs = test.clock.wallMs();
        const { validToDate } = await issued(
          test,
          renewalOf('a', seconds === undefined ? {} : { expirationSeconds: seconds }),
          asNode('a'),
        );
        const lasts = (validToDate.getTime() - nowMs) / 86_400_000;
        assert.ok(Math.abs(lasts - days) < 0.001, `${lasts} days instead of ${days}`);
      }
    }));

  it('of a node that was revoked begin with the revocation at the earliest', () =>
    withCore(async (test) => {
      const before = new Date(Math.ceil(test.clock.wallMs() / 1000) * 1000 + 1000);
      const until = new Date(test.clock.wallMs() + 30 * hourMs).toISOString();
      const entry = { user: 'system:node:a', before: before.toISOString(), until };
      await test.create('configmaps', {
        metadata: { name: 'revoked-certificates', namespace: 'river-system' },
        data: { 'node.a': JSON.stringify(entry) },
      });
      test.clock.advance(3000);
      const { validFromDate } = await issued(test, renewalOf('a'), asNode('a'));
      assert.deepEqual(validFromDate, before);
      const { revocations } = test.core;
      const shown = { serial: '1', username: 'system:node:a' };
      assert.equal(revocations.isRevoked({ ...shown, validFromMs: before.getTime() }), false);
      assert.equal(revocations.isRevoked({ ...shown, validFromMs: before.getTime() - 1 }), true);
      test.clock.advance(31 * hourMs);
      await test.until(
        'the entry is pruned',
        async () => Object.keys((await test.get('configmaps', 'river-system/revoked-certificates')).data ?? {}).length === 0,
      );
    }));
});

describe('requests', () => {
  it('go an hour after they are decided, and a day after they were made', () =>
    withCore(async (test) => {
      for (const name of ['pending', 'denied']) await test.create(requests, requestFor(name, 'b'));
      await approve(test, 'denied', 'Denied');
      test.clock.advance(hourMs + 120_000);
      await test.until('the denied one is gone', async () => (await test.find(requests, 'denied')) === undefined);
      assert.ok(await test.find(requests, 'pending'));
      test.clock.advance(23 * hourMs);
      await test.until('the pending one is gone', async () => (await test.find(requests, 'pending')) === undefined);
    }));

  it('stay on record while they are the newest of a node and their certificate is good', () =>
    withCore(async (test) => {
      const [first, second] = [renewalOf('c'), renewalOf('c')];
      await issued(test, first, asNode('c'));
      test.clock.advance(10_000);
      await issued(test, second, asNode('c'));
      test.clock.advance(2 * hourMs);
      await test.until('the first is gone', async () => (await test.find(requests, first.metadata.name)) === undefined);
      assert.ok(await test.find(requests, second.metadata.name));
      const all = (await test.list(requests)).items as unknown as Parameters<typeof onRecord>[0];
      assert.deepEqual([...onRecord(all, test.clock.wallMs())], [second.metadata.name]);
      assert.deepEqual([...onRecord(all, test.clock.wallMs() + 31 * 24 * hourMs)], []);
    }));

  it('of one node are bounded', () =>
    withCore(async (test) => {
      for (let count = 0; count < 10; count++) await test.create(requests, renewalOf('d'), asNode('d'));
      assert.equal((await refusal(test.create(requests, renewalOf('d'), asNode('d')))).reason, 'TooManyRequests');
      // A name that merely begins alike is another node's.
      await test.create(requests, renewalOf('d-e'), asNode('d-e'));
      assert.equal((await refusal(test.create(requests, requestFor('node-d-e', 'd'), asNode('d')))).reason, 'Forbidden');
    }));

  it('of one node are bounded, also when many come at the same moment', () =>
    withCore(async (test) => {
      const asked = await Promise.allSettled(Array.from({ length: 40 }, () => test.create(requests, renewalOf('d'), asNode('d'))));
      assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, 10);
      await test.create(requests, renewalOf('e'), asNode('e'));
    }));

  it('may not bring more than 16 KiB about their machine', () =>
    withCore(async (test) => {
      const draft = renewalOf('f');
      const tooMuch = { ...draft, metadata: { ...draft.metadata, annotations: { 'river.dev/inventory': 'x'.repeat(16 * 1024 + 1) } } };
      assert.equal((await refusal(test.create(requests, tooMuch, asNode('f')))).reason, 'Invalid');
    }));
});

describe('join tokens', () => {
  it('go when they are over, and those that are used with what became of them', () =>
    withCore(async (test) => {
      const expiration = new Date(test.clock.wallMs() + hourMs / 2).toISOString();
      const stringData = { sha256: 'ab'.repeat(32), approval: 'auto', expiration };
      const secret = (id: string) => ({
        metadata: { name: `join-${id}`, namespace: 'river-system' },
        type: 'river.dev/join-token',
        stringData,
      });
      for (const id of ['unused0000', 'used000000']) await test.create('secrets', secret(id));
      await test.create('secrets', { metadata: { name: 'join-other', namespace: 'river-system' } });
      const key = newKey();
      const options = { requester: { username: 'system:bootstrap:used000000', uid: '', groups: [], extra: {} } };
      await issued(test, requestFor(`join-used000000-${keyHash(key)}`, 'g', key), options);
      test.clock.advance(hourMs / 2 + 60_000);
      await test.until('the unused one is gone', async () => (await test.find('secrets', 'river-system/join-unused0000')) === undefined);
      assert.ok(await test.find('secrets', 'river-system/join-used000000'));
      test.clock.advance(hourMs);
      await test.until('the used one is gone', async () => (await test.find('secrets', 'river-system/join-used000000')) === undefined);
      assert.ok(await test.find('secrets', 'river-system/join-other'));
    }));
});
