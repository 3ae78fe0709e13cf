import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Placement } from '@river/crds/kinds';
import { type TestCore, testCore } from '../testing/test-core.ts';
import type { ResourceAttributes } from './attributes.ts';

const placements = 'placements.river.dev';
const node = (name: string, ...groups: string[]) => ({ username: `system:node:${name}`, groups: ['system:nodes', ...groups] });
const wanted = (verb: string, group: string, resource: string, more: Partial<ResourceAttributes> = {}): ResourceAttributes => ({
  verb,
  group,
  resource,
  subresource: '',
  namespace: 'default',
  name: '',
  ...more,
});
const secret = (name: string, verb = 'get') => wanted(verb, '', 'secrets', { name });

const withPlacements = async (use: (server: TestCore) => Promise<void>) => {
  const server = await testCore({ definitions: [Placement.crd] });
  await use(server);
  await server.close();
};

const place = (server: TestCore, name: string, spec: object) =>
  server.create(placements, {
    metadata: { name, namespace: 'default' },
    spec: { owner: { kind: 'Task', name: 'x', uid: 'u' }, attempt: 1, image: 'busybox', ...spec },
  });
const env = (name: string) => [{ name: 'P', valueFrom: { secretKeyRef: { name, key: 'k' } } }];

it('a Secret may be read from when a Placement that names it is bound until the last such Placement is gone', () =>
  withPlacements(async (server) => {
    const { rights } = server.core;
    const may = () => rights.allows(node('a'), secret('s'));
    let told = 0;
    rights.onChange(() => told++);
    await place(server, 'one', { env: env('s') });
    await place(server, 'two', { env: env('s'), nodeName: 'a', epoch: 1 });
    assert.equal(may(), true, 'one that is made bound');
    await server.remove(placements, 'default/two');
    assert.equal(may(), false);
    assert.equal(told, 1, 'who watches is judged again');
    await server.patch(placements, 'default/one', { body: { spec: { nodeName: 'a', epoch: 1 } } });
    assert.equal(may(), true, 'one that is bound later');
    assert.deepEqual([rights.allows(node('b'), secret('s')), rights.allows(node('a'), secret('t'))], [false, false]);
    assert.deepEqual([rights.allows(node('a'), secret('s', 'delete')), rights.allows(node('a'), secret(''))], [false, false]);
    await server.patch(placements, 'default/one', { body: { spec: { power: 'Stopped' } } });
    await server.remove(placements, 'default/one');
    assert.equal(may(), false);
  }));

it('Placements are listed by a selector of the own node only', () =>
  withPlacements(async ({ core: { rights } }) => {
    const list = (fields: Record<string, string>, verb = 'list') =>
      rights.allows(node('a'), wanted(verb, 'river.dev', 'placements', { namespace: '', fields }));
    assert.deepEqual(
      [list({}), list({ 'spec.nodeName': 'a' }), list({ 'spec.nodeName': 'b' }), list({ 'spec.nodeName': 'a' }, 'deletecollection')],
      [false, true, false, false],
    );
  }));

it('who is a node is said by the name and the group together', () =>
  withPlacements(async ({ core: { rights } }) => {
    const self = wanted('get', 'river.dev', 'nodes', { namespace: '', name: 'a' });
    assert.equal(rights.allows(node('a'), self), true);
    assert.equal(rights.allows(node('b'), self), false);
    assert.equal(rights.allows({ username: 'system:node:a', groups: [] }, self), false);
    assert.equal(rights.allows({ username: 'a', groups: ['system:nodes'] }, self), false);
    assert.equal(rights.allows({ username: 'system:node:', groups: ['system:nodes'] }, { ...self, name: '' }), false);
  }));
