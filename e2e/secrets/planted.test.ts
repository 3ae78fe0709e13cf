import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Answer, applyType, jsonPatchType, mergeType, strategicType } from '../server/http.ts';
import { kubectl } from '../server/kubectl.ts';
import type { StoreKind } from '../server/start-server.ts';
import { useServer } from '../server/use-server.ts';
import { base64, filesWith, keyReport, onKept, secretOf, secrets, settledWith, textsIn } from './stored.ts';

/** A text that stands nowhere else, and in base64 as a Secret's data. */
const plant = () => `planted${randomBytes(12).toString('hex')}`;
const formsOf = (text: string) => [text, base64(text)];
const holds = (where: string | Buffer, text: string) => formsOf(text).some((form) => where.includes(form));

for (const store of ['sqlite', 'etcd'] satisfies StoreKind[]) {
  describe(`a Secret's value, on ${store}`, () => {
    const used = useServer({ store });
    const planted = plant();

    it('can be read by those who may, by every way of writing it', async () => {
      const { api, server } = used;
      const yaml = JSON.stringify(secretOf('applied', { a: planted }));
      assert.equal((await kubectl(server, ['apply', '-f', '-'], { input: yaml })).code, 0);
      await api.create(secrets, secretOf('made', { a: planted }));
      await api.merge(`${secrets}/made`, { stringData: { b: planted } });
      await api.replace(`${secrets}/made`, { ...(await api.read(`${secrets}/made`)), stringData: { c: planted } });
      const body = { ...secretOf('served', { a: planted }), metadata: { name: 'served' } };
      const applied = await api.call('PATCH', `${secrets}/served?fieldManager=e2e`, { body, type: applyType });
      assert.equal(applied.status, 201, applied.text);
      await api.create(secrets, secretOf('gone', { a: planted }));
      await api.remove(`${secrets}/gone`);
      const watch = api.watch(`${secrets}?watch=1&resourceVersion=0`);
      const events = await watch.until('three of them', ({ length }) => length >= 3);
      watch.close();
      assert.ok(events.every(({ object }) => JSON.stringify(object).includes(base64(planted))));
      assert.equal((await api.get(secrets)).text.split(base64(planted)).length - 1 >= 5, true);
    });

    it('stands in no file, no log, no metric and no backup', async () => {
      const { api, server } = used;
      const metrics = (await api.get('/metrics')).text;
      const backup = (await api.get('/backup')).text;
      assert.match(backup, /^\{"format":"river-backup","version":1,"revision":"\d+","secrets":"sealed"\}\n/);
      const values = backup
        .split('\n')
        .flatMap((line) => (line.includes('"value"') ? [Buffer.from(JSON.parse(line).value, 'base64')] : []));
      assert.ok(values.length > 10);
      for (const value of values) assert.equal(holds(value, planted), false);
      assert.equal(holds(metrics, planted), false);
      assert.equal(holds(JSON.stringify(await keyReport(api)), planted), false);
      await onKeptOf(used.server.store, async () => {
        assert.equal(holds(server.log(), planted), false);
        assert.deepEqual(filesWith(server.dir, formsOf(planted)), []);
      });
    });

    /** etcd keeps what came last in its log until it is stopped as well. */
    const onKeptOf = async (kind: StoreKind, look: () => Promise<void>) => {
      await look();
      await used.server.kill9();
      if (kind === 'etcd') await used.server.etcd?.kill9();
      await look();
      if (kind === 'etcd') await used.server.etcd?.start();
      await used.server.restart();
    };

    it('is not repeated by an answer to what was wrong', async () => {
      const { api, server } = used;
      const x = plant();
      const at = `${secrets}/made`;
      await api.create(secrets, { ...secretOf('fixed', { a: planted }), immutable: true });
      const send = (method: string, path: string, body: unknown, type?: string) => api.call(method, path, { body, ...(type && { type }) });
      const bad = (fields: object) => send('POST', secrets, { ...secretOf(`bad-${randomBytes(3).toString('hex')}`, {}), ...fields });
      const answers: Answer[] = await Promise.all([
        bad({ data: { a: `not base64: ${x}` } }),
        bad({ data: { a: { b: x } } }),
        bad({ data: { a: [x] } }),
        bad({ data: x }),
        bad({ data: [x] }),
        bad({ stringData: { a: { b: x } } }),
        bad({ stringData: x }),
        bad({ stringData: [{ a: x }] }),
        send('POST', `${secrets}?fieldValidation=Strict`, { ...secretOf('strict', {}), Data: { a: x }, data: { a: `${x}!` } }),
        send('POST', secrets, `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"j"},"stringData":{"a":"b"${x}}}`),
        send('POST', secrets, `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"j"},"stringData":{"a":${x}}}`),
        send('POST', secrets, `{"stringData":{"a":"${x}`),
        send('POST', secrets, `stringData:\n  a: *${x}\n`, 'application/yaml'),
        send('POST', secrets, `stringData:\n  a: !${x} b\n`, 'application/yaml'),
        send('POST', secrets, `stringData:\n  a: "${x}\\q"\n`, 'application/yaml'),
        send('POST', secrets, `stringData:\n  a: [${x}\n`, 'application/yaml'),
        send('POST', secrets, `stringData:\n  a: ${x}\n b: ${x}\n`, 'application/yaml'),
        send('POST', secrets, `{"kind":"Secret","metadata":{"name":"j"},"data":{"a":9${'9'.repeat(30)}}}`),
        send('POST', secrets, Buffer.from(`k8s\0${x}`), 'application/vnd.kubernetes.protobuf'),
        send('POST', '/api/v1/namespaces/default/configmaps', secretOf('other', { a: x })),
        send('PATCH', at, { data: { a: `not base64: ${x}` } }, mergeType),
        send('PATCH', at, { data: { a: { b: x } } }, strategicType),
        send('PATCH', at, { data: { $patch: 'replace', a: `${x}?` } }, strategicType),
        send('PATCH', at, [{ op: 'test', path: '/data/a', value: x }], jsonPatchType),
        send('PATCH', at, [{ op: 'replace', path: '/data/none/deeper', value: x }], jsonPatchType),
        send('PATCH', at, [{ op: 'add', path: '/data/a', value: { x } }], jsonPatchType),
        send('PATCH', `${at}?fieldManager=f`, { ...secretOf('made', {}), data: { a: base64(x) } }, applyType),
        send('PATCH', `${at}?fieldManager=f`, { ...secretOf('made', {}), data: [x] }, applyType),
        send('PATCH', `${at}?fieldManager=f`, { ...secretOf('made', {}), data: { a: { b: x } } }, applyType),
        send('PUT', `${secrets}/fixed`, { ...secretOf('fixed', { a: x }), immutable: true }),
        send('PUT', at, secretOf('made', { a: x }, { resourceVersion: '1' })),
        send('POST', secrets, secretOf('made', { a: x })),
        send('POST', secrets, secretOf('UPPER', { a: x })),
        send('POST', secrets, secretOf('long', { a: x.repeat(40_000) })),
        send('POST', secrets, { ...secretOf('typed', { a: x }), type: { a: 'b' } }),
      ]);
      const told = answers.map(({ status, text, headers }, n) => ({ n, status, text: text + JSON.stringify(headers) }));
      assert.deepEqual(
        told
          .filter(({ status, text }) => status < 400 || status >= 500 || holds(text, x))
          .map(({ text, ...rest }) => ({ ...rest, text: text.slice(0, 500) })),
        [],
      );
      assert.equal(holds(server.log(), x), false);
    });

    it('of an older River, in clear, is sealed at the next start, and then gone from the files', async () => {
      const { server } = used;
      const old = plant();
      const name = (n: number) => `core/secrets/default/old-${n}`;
      const inClear = (n: number) => {
        const metadata = { name: `old-${n}`, namespace: 'default', uid: `uid-${n}`, creationTimestamp: '2026-01-02T03:04:05Z' };
        return Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: { a: base64(old) } }));
      };
      await server.kill9();
      await onKept(server, async (kept) => {
        for (let n = 0; n < 50; n++) await kept.txn([], [{ key: name(n), value: inClear(n) }]);
        for (let n = 0; n < 10; n++) await kept.txn([], [{ key: name(n), value: null }]);
      });
      assert.notDeepEqual(filesWith(server.dir, formsOf(old)), []);
      await server.restart();
      const { use } = await keyReport(used.api);
      const report = await settledWith(used.api, use);
      assert.deepEqual([report.plain, report.unreadable], [0, 0]);
      assert.deepEqual(textsIn(await used.api.read(`${secrets}/old-30`)), { a: old });
      if (!server.etcd) return assert.deepEqual(filesWith(server.dir, formsOf(old)), []);
      await onKept(server, async (kept) => {
        const { entries } = await kept.list('core/secrets/');
        assert.ok(entries.length >= 40 && entries.every(({ value }) => !holds(Buffer.from(value), old)));
        await assert.rejects(kept.list('core/secrets/', { revision: 5n }), { reason: 'Compacted' });
      });
    });
  });
}
