import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from '@river/crds';
import { addKey, newKey, readKeyRing, useKey, writeKeyRing } from '@river/runtime';
import { eventually } from '../server/eventually.ts';
import type { StoreKind } from '../server/start-server.ts';
import { useServer } from '../server/use-server.ts';
import { raise, rotate } from './rotation.ts';
import { keyReport, secretOf, secrets, settledWith, textsIn } from './stored.ts';

const quiet = 1_000;
const writers = 64;
const counters = Array.from({ length: 16 }, (_, n) => `counter-${n}`);

for (const store of ['sqlite', 'etcd'] satisfies StoreKind[]) {
  describe(`rotation under ${writers} writers with kill -9 in the middle, on ${store}`, () => {
    const used = useServer({ store });

    it('seals everything with the new key, loses nothing, and leaves everything readable', async (context) => {
      const { api, server } = used;
      const names = Array.from({ length: quiet }, (_, n) => `quiet-${n}`);
      for (let at = 0; at < quiet; at += 50)
        await Promise.all(names.slice(at, at + 50).map((name) => api.create(secrets, secretOf(name, { a: `value of ${name}` }))));
      for (const name of counters) await api.create(secrets, secretOf(name, { n: '0' }));
      let restarted = Promise.resolve();
      const raising = raise(
        () => api,
        counters,
        writers,
        () => restarted,
      );
      context.after(raising.stop);
      const sure = () => [...raising.counts.values()].reduce((sum, count) => sum + count.sure, 0);
      let caught = 0;
      for (let round = 0; caught < 2; round++) {
        assert.ok(round < 8, 'the server was never killed with some sealed anew and some not');
        const first = readKeyRing(server.secretKeys).use.id;
        const use = rotate(server.secretKeys);
        const waiting = ({ keys }: { keys: { id: string; values: number }[] }) => keys.find(({ id }) => id === first)?.values ?? 0;
        const midway = await eventually(
          `some are sealed with the new key, in round ${round}`,
          () => keyReport(api),
          (report) => report.use === use && waiting(report) < quiet,
        );
        if (waiting(midway) > 0) caught++;
        const { promise, resolve } = Promise.withResolvers<void>();
        restarted = promise;
        await server.kill9();
        await server.restart();
        resolve();
        const target = sure() + 200;
        await eventually('the writers go on', sure, (now) => now >= target, 30_000);
        const report = await settledWith(api, use);
        assert.deepEqual([waiting(report), report.plain, report.unreadable], [0, 0, 0]);
      }
      await raising.stop();
      for (const [name, { sure: least, most }] of raising.counts) {
        const n = Number(textsIn(await api.read(`${secrets}/${name}`)).n);
        assert.ok(n >= least && n <= most, `${name} is ${n}, but was raised ${least} to ${most} times`);
      }
      const { items } = (await api.get(`${secrets}?limit=5000`)).json;
      const kept = new Map<string, string | undefined>(items.map((item: KubeObject) => [item.metadata.name, textsIn(item).a]));
      for (const name of names) assert.equal(kept.get(name), `value of ${name}`);
    });
  });
}

describe('two servers over one etcd', () => {
  const a = useServer({ store: 'etcd' });
  const b = useServer(() => ({ store: 'etcd', etcd: a.server.etcd ?? assert.fail('there is no etcd') }));

  it('read what the other sealed, before, while and after a key is added to both and then used', async () => {
    const ring = readKeyRing(a.server.secretKeys);
    const key = newKey(new Date());
    let isOver = false;
    const reading = (async () => {
      for (let n = 0; !isOver; n++) {
        const [here, there] = n % 2 === 0 ? [a.api, b.api] : [b.api, a.api];
        await here.create(secrets, secretOf(`both-${n}`, { n: String(n) }));
        assert.deepEqual(textsIn(await there.read(`${secrets}/both-${n}`)), { n: String(n) });
      }
    })();
    reading.catch(() => undefined);
    writeKeyRing(a.server.secretKeys, addKey(ring, key));
    for (const { api } of [a, b])
      await eventually(
        'the server knows the new key',
        () => keyReport(api),
        ({ keys }) => keys.some(({ id, isKnown }) => id === key.id && isKnown),
      );
    writeKeyRing(a.server.secretKeys, useKey(addKey(ring, key), key.id));
    for (const { api } of [a, b]) await settledWith(api, key.id);
    isOver = true;
    await reading;
    const report = await settledWith(a.api, key.id);
    assert.deepEqual(
      report.keys.map(({ id, values }) => [id, values > 0]),
      [
        [ring.use.id, false],
        [key.id, true],
      ],
    );
  });
});
