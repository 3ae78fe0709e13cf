import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newKeyRing, readKeyRing, writeKeyRing } from '@river/runtime';
import { configMap } from '../kubectl/objects.ts';
import { eventually } from '../server/eventually.ts';
import { applyType, mergeType } from '../server/http.ts';
import type { StoreKind } from '../server/start-server.ts';
import { useServer } from '../server/use-server.ts';
import { keyReport, onKept, secretOf, secrets, textsIn } from './stored.ts';

const keyOf = (name: string) => `core/secrets/default/${name}`;
const configMaps = '/api/v1/namespaces/default/configmaps';

for (const store of ['sqlite', 'etcd'] satisfies StoreKind[]) {
  describe(`what stands in the store and does not open, on ${store}`, () => {
    const used = useServer({ store });

    it('is shown as unreadable with the reason, and everything else is served', async () => {
      const { api, server } = used;
      for (const name of ['whole', 'moved', 'flipped', 'cut']) await api.create(secrets, secretOf(name, { a: `value of ${name}` }));
      const owner = await api.read(`${secrets}/flipped`);
      const reference = { apiVersion: 'v1', kind: 'Secret', name: 'flipped', uid: owner.metadata.uid };
      await api.create(configMaps, configMap('dependent', {}, { ownerReferences: [reference] }));
      await server.kill9();
      await onKept(server, async (kept) => {
        const value = async (name: string) => Buffer.from((await kept.get(keyOf(name)))?.value ?? []);
        const flipped = await value('flipped');
        flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
        await kept.txn([], [{ key: keyOf('moved'), value: await value('whole') }]);
        await kept.txn([], [{ key: keyOf('flipped'), value: flipped }]);
        await kept.txn([], [{ key: keyOf('cut'), value: (await value('cut')).subarray(0, 40) }]);
      });
      await server.restart();
      const { items } = (await api.get(secrets)).json;
      const shown = items.map((item: { metadata: { name: string; annotations?: object }; data?: object }) => [
        item.metadata.name,
        Object.values(item.metadata.annotations ?? {}).join(),
        item.data && Object.keys(item.data).join(),
      ]);
      const { use } = await keyReport(api);
      const altered = `it is sealed with key ${use} but does not open: it was altered, or moved here from another name`;
      assert.deepEqual(shown, [
        ['cut', 'it is neither sealed nor an object: it was altered', undefined],
        ['flipped', altered, undefined],
        ['moved', altered, undefined],
        ['whole', '', 'a'],
      ]);
      assert.match((await api.get('/metrics')).text, /^river_apiserver_unreadable_secrets 3$/m);
      assert.match(server.log(), /"a stored Secret cannot be read","key":"core\/secrets\/default\/moved"/);
      assert.equal((await api.get('/readyz')).status, 200);
    });

    it('is not written over, by any way of writing', async () => {
      const { api } = used;
      const at = `${secrets}/moved`;
      const body = secretOf('moved', { a: 'new' });
      const answers = await Promise.all([
        api.call('PUT', at, { body }),
        api.call('PATCH', at, { body: { metadata: { labels: { a: 'b' } } }, type: mergeType }),
        api.call('PATCH', `${at}?fieldManager=f&force=true`, { body, type: applyType }),
        api.call('POST', secrets, { body }),
      ]);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [500, 500, 500, 409],
      );
      assert.match(answers[0]?.json.message, /moved cannot be read, so it is not overwritten: put its key into the key ring, or delete it/);
    });

    it('keeps what it owns', async () => {
      const { api } = used;
      const nobody = { apiVersion: 'v1', kind: 'Secret', name: 'never-there', uid: 'b7725c9c-a404-4cff-81e2-d93bcb451b87' };
      await api.create(configMaps, configMap('orphan', {}, { ownerReferences: [nobody] }));
      await eventually(
        'what a Secret owned that is truly gone goes',
        async () => (await api.get(`${configMaps}/orphan`)).status,
        (status) => status === 404,
      );
      assert.equal((await api.get(`${configMaps}/dependent`)).status, 200);
    });

    it('can be deleted, and made anew', async () => {
      const { api } = used;
      for (const name of ['moved', 'flipped', 'cut']) await api.remove(`${secrets}/${name}`);
      await api.create(secrets, secretOf('moved', { a: 'again' }));
      assert.deepEqual(textsIn(await api.read(`${secrets}/moved`)), { a: 'again' });
      await eventually(
        'nothing is unreadable any more',
        () => keyReport(api),
        ({ unreadable }) => unreadable === 0,
      );
    });

    it('can be read again without a restart once its key is given back', async () => {
      const { api, server } = used;
      const right = readKeyRing(server.secretKeys);
      await server.kill9();
      writeKeyRing(server.secretKeys, newKeyRing(new Date()));
      await server.restart();
      assert.equal((await api.read(`${secrets}/whole`)).data, undefined);
      assert.equal((await keyReport(api)).unreadable, 2);
      assert.match(server.log(), /stored Secrets cannot be read: add their keys to the key ring/);
      const mine = readKeyRing(server.secretKeys);
      writeKeyRing(server.secretKeys, { use: mine.use, keys: [...right.keys, ...mine.keys] });
      await eventually(
        'it is read again',
        async () => textsIn(await api.read(`${secrets}/whole`)).a,
        (text) => text === 'value of whole',
      );
      assert.equal((await keyReport(api)).unreadable, 0);
    });

    it('a key ring that lacks a key that is needed is not taken', async () => {
      const { api, server } = used;
      const right = readKeyRing(server.secretKeys);
      writeKeyRing(server.secretKeys, newKeyRing(new Date()));
      const { problem } = await eventually(
        'the server says why',
        () => keyReport(api),
        (report) => report.problem !== null,
      );
      assert.match(problem ?? '', /^the new key ring lacks k[-0-9a-f]+, which Secrets are sealed with: put it back$/);
      await api.create(secrets, secretOf('meanwhile', { a: 'b' }));
      writeKeyRing(server.secretKeys, right);
      await eventually(
        'all is well',
        () => keyReport(api),
        (report) => report.problem === null && report.isSettled,
      );
      assert.deepEqual(textsIn(await api.read(`${secrets}/meanwhile`)), { a: 'b' });
    });
  });
}
