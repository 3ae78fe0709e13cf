import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { KubeObject } from '@river/crds';
import { configMap, widget, widgetCrd, widgetGroup } from '../kubectl/objects.ts';
import { eventually } from './eventually.ts';
import { type Api, apiOf } from './http.ts';
import { revisionOf } from './load.ts';
import { startServer } from './start-server.ts';
import { tcpProxy } from './tcp-proxy.ts';
import { useServer } from './use-server.ts';

describe('over one etcd', () => {
  const keys = mkdtempSync(join(tmpdir(), 'river-keys-'));
  after(() => rmSync(keys, { recursive: true, force: true }));
  const file = join(keys, 'accounts.keys');
  writeFileSync(file, generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  });
  const flags = { 'account-keys': file };
  const a = useServer({ store: 'etcd', flags });

  describe('two API servers', () => {
    const address = '/api/v1/namespaces/default/configmaps';
    const b = useServer(() => ({ store: 'etcd', flags, etcd: a.server.etcd ?? assert.fail('there is no etcd') }));
    const both = (): [Api, Api] => [a.api, b.api];

    it('read through each what was written through the other, at once', async () => {
      const client = async (number: number) => {
        for (let turn = 0; turn < 25; turn++) {
          const [here, there] = turn % 2 === 0 ? [a.api, b.api] : [b.api, a.api];
          const name = `ryw-${number}-${turn}`;
          const made = await here.create(address, configMap(name, { turn: '0' }, { labels: { client: String(number) } }));
          const read = await there.read(`${address}/${name}`);
          assert.deepEqual(read, made);
          const changed = await there.replace(`${address}/${name}`, { ...read, data: { turn: '1' } });
          assert.deepEqual((await here.read(`${address}/${name}`)).metadata.resourceVersion, changed.metadata.resourceVersion);
          const listed = await here.get(`${address}?labelSelector=client%3D${number}`);
          assert.ok(listed.json.items.some(({ metadata }: KubeObject) => metadata.resourceVersion === changed.metadata.resourceVersion));
          assert.equal((await here.call('PUT', `${address}/${name}`, { body: { ...read, data: { turn: '2' } } })).status, 409);
          await here.remove(`${address}/${name}`);
          assert.equal((await there.get(`${address}/${name}`)).status, 404);
        }
      };
      await Promise.all(Array.from({ length: 8 }, (_, number) => client(number)));
    });

    it('know the account that the other has just made, and its token, as soon as they have heard of it', async () => {
      const accounts = '/api/v1/namespaces/default/serviceaccounts';
      const etcd = a.server.etcd ?? assert.fail('there is no etcd');
      const proxy = await tcpProxy(Number(new URL(etcd.store).port));
      const late = await startServer({ store: 'etcd', flags, etcd: { ...etcd, store: `etcd://127.0.0.1:${proxy.port}` } });
      const api = apiOf(late);
      try {
        await api.read('/api/v1/namespaces/default');
        proxy.freeze();
        await a.api.create(accounts, { metadata: { name: 'robot' } });
        const { status } = (await a.api.create(`${accounts}/robot/token`, {})) as KubeObject & { status: { token: string } };
        const asked = api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {}, token: status.token });
        // The question has arrived when another connection's, asked later, has been answered.
        for (let turn = 0; turn < 3; turn++) assert.equal((await api.get('/livez')).status, 200);
        proxy.thaw();
        assert.equal((await asked).json.status?.userInfo.username, 'system:serviceaccount:default:robot');
      } finally {
        api.close();
        await late.stop();
        await proxy.close();
      }
    });

    it('let one win when both are asked for the same name', async () => {
      for (let turn = 0; turn < 20; turn++) {
        const answers = await Promise.all(both().map((api) => api.call('POST', address, { body: configMap(`race-${turn}`) })));
        assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
      }
    });

    it('show the same events in the same order', async () => {
      const from = await revisionOf(a.api);
      const watches = both().map((api) => api.watch(`${address}?watch=1&resourceVersion=${from}`));
      await Promise.all(
        Array.from({ length: 40 }, async (_, n) => {
          const [here, there] = n % 2 === 0 ? [a.api, b.api] : [b.api, a.api];
          await here.create(address, configMap(`seen-${n}`));
          await there.merge(`${address}/seen-${n}`, { data: { n: String(n) } });
          await here.remove(`${address}/seen-${n}`);
        }),
      );
      const [first, second] = await Promise.all(watches.map((watch) => watch.until('120 events', (events) => events.length >= 120)));
      for (const watch of watches) watch.close();
      assert.equal(first?.length, 120);
      assert.deepEqual(second, first);
    });

    it('serve a kind that was defined through the other, and do their chores once', async () => {
      const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
      await a.api.create(crds, widgetCrd('shared'));
      const widgets = `/apis/${widgetGroup('shared')}/v1/namespaces/default/widgets`;
      const owner = await eventually('the kind is served by the other', () => b.api.create(widgets, widget('shared', 'w')));
      const reference = { apiVersion: owner.apiVersion, kind: owner.kind, name: 'w', uid: owner.metadata.uid };
      await a.api.create(address, configMap('owned', {}, { ownerReferences: [reference] }));
      await b.api.remove(`${widgets}/w`);
      await eventually(
        'what it owned goes',
        async () => (await a.api.get(`${address}/owned`)).status,
        (status) => status === 404,
      );
      await b.api.remove(`${crds}/widgets.${widgetGroup('shared')}`);
      for (const api of both())
        await eventually(
          'the kind goes',
          async () => (await api.get(widgets)).status,
          (status) => status === 404,
        );
    });

    it('go on when one of them is killed', async () => {
      await a.server.kill9();
      await b.api.create(address, configMap('alone'));
      await a.server.restart();
      assert.equal((await a.api.read(`${address}/alone`)).metadata.name, 'alone');
    });
  });
});
