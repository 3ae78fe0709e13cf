import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { refusal, type TestCore, testCore } from '../testing/test-core.ts';

const map = (name: string, more: object = {}) => ({ metadata: { name, namespace: 'default' }, ...more });

describe("what Kubernetes' own kinds do beyond their schemas", () => {
  let server: TestCore;
  let count = 0;
  const fresh = () => `x${++count}`;
  const fields = async (made: Promise<unknown>) => (await refusal(made)).details?.causes?.map(({ field }) => field);
  before(async () => {
    server = await testCore();
  });
  after(() => server.close());

  it('a Secret takes plain text and keeps it as data', async () => {
    const name = fresh();
    const made = await server.create('secrets', map(name, { data: { a: 'b2xk', b: 'Yg==' }, stringData: { a: 'new', c: 'ü' } }));
    assert.deepEqual(made.data, { a: 'bmV3', b: 'Yg==', c: 'w7w=' });
    assert.deepEqual([made.stringData, made.type], [undefined, 'Opaque']);
    assert.deepEqual(await fields(server.patch('secrets', `default/${name}`, { body: { type: 'another' } })), ['type']);
  });

  it('a Secret or ConfigMap that is immutable stays as it is', async () => {
    for (const resource of ['secrets', 'configmaps']) {
      const name = fresh();
      await server.create(resource, map(name, { data: { a: 'YQ==' }, immutable: true }));
      const patch = (body: object) => fields(server.patch(resource, `default/${name}`, { body: body as never }));
      assert.deepEqual(await patch({ data: { a: 'Yg==' } }), ['data']);
      assert.deepEqual(await patch({ immutable: false }), ['immutable']);
      await server.patch(resource, `default/${name}`, { body: { metadata: { labels: { may: 'change' } } } });
    }
  });

  it('a ConfigMap has good keys, each once, though JavaScript knows them too', async () => {
    assert.deepEqual(await fields(server.create('configmaps', map(fresh(), { data: { 'a b': '' } }))), ['data[a b]']);
    assert.deepEqual(await fields(server.create('configmaps', map(fresh(), { data: { '..': '' } }))), ['data[..]']);
    const twice = { data: { a: '1' }, binaryData: { a: 'YQ==' } };
    assert.deepEqual(await fields(server.create('configmaps', map(fresh(), twice))), ['binaryData[a]']);
    const odd = JSON.parse('{"constructor":"1","toString":"2","__proto__":"3"}');
    const made = await server.create('configmaps', map(fresh(), { data: odd, binaryData: { b: 'YQ==' } }));
    assert.deepEqual(Object.keys(made.data as object), ['constructor', 'toString', '__proto__']);
  });

  it('a null means nothing', async () => {
    const made = await server.create('configmaps', map(fresh(), { data: null, immutable: null }));
    assert.equal('data' in made || 'immutable' in made, false);
  });

  it('a Namespace bears its name as a label, which cannot be taken off', async () => {
    const name = fresh();
    await server.create('namespaces', { metadata: { name, labels: { a: '1' } } });
    const next = await server.patch('namespaces', name, { body: { metadata: { labels: null } } });
    assert.deepEqual(next.metadata.labels, { 'kubernetes.io/metadata.name': name });
    assert.deepEqual(next.status, { phase: 'Active' });
    assert.deepEqual(await fields(server.create('namespaces', { metadata: { name: 'with.dot' } })), ['metadata.name']);
  });

  it('a PriorityClass of a user is not above those of the system, and keeps its value', async () => {
    const name = fresh();
    const high = 1_000_000_001;
    assert.deepEqual(await fields(server.create('priorityclasses.scheduling.k8s.io', { metadata: { name }, value: high })), ['value']);
    await server.create('priorityclasses.scheduling.k8s.io', { metadata: { name }, value: 10 });
    assert.deepEqual(await fields(server.patch('priorityclasses.scheduling.k8s.io', name, { body: { value: 11 } })), ['value']);
  });

  it('an Event is the same in both of its groups', async () => {
    const name = fresh();
    const about = { kind: 'Task', name: 't', namespace: 'default' };
    await server.create('events', map(name, { involvedObject: about, message: 'hello', count: 2, reason: 'Because', type: 'Normal' }));
    const other = await server.get('events.events.k8s.io', `default/${name}`);
    assert.deepEqual([other.apiVersion, other.regarding, other.note, other.deprecatedCount], ['events.k8s.io/v1', about, 'hello', 2]);
    await server.patch('events.events.k8s.io', `default/${name}`, { body: { note: 'again' } });
    const core = await server.get('events', `default/${name}`);
    assert.deepEqual([core.apiVersion, core.message, 'note' in core], ['v1', 'again', false]);
    const watcher = await server.watch('events.events.k8s.io', '', { fieldSelector: 'regarding.name=t' });
    assert.equal(watcher.events()[0]?.object.note, 'again');
  });

  it('an Event or a Lease may be made by an update', async () => {
    const name = fresh();
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...map(name, { spec: { holderIdentity: 'me' } }) };
    const made = await server.update('leases.coordination.k8s.io', lease);
    assert.deepEqual(made.spec, { holderIdentity: 'me' });
    const absent = { apiVersion: 'v1', kind: 'ConfigMap', ...map(name) };
    assert.equal((await refusal(server.update('configmaps', absent))).reason, 'NotFound');
  });
});
