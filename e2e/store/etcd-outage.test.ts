import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { etcdStore } from '../../apiserver/src/store/etcd/etcd-store.ts';
import { type EtcdProcess, etcdMissing, startEtcd } from '../../apiserver/src/store/etcd/start-etcd.ts';
import { type Store, StoreError } from '../../apiserver/src/store/store.ts';
import { watched } from '../../apiserver/src/store/watched.ts';

const OUTAGE_MS = Number(process.env.RIVER_OUTAGE_MS ?? 10_000);
const missing = etcdMissing();

describe('an etcd store', { concurrency: 3, ...(missing ? { skip: missing } : {}) }, () => {
  it(`loses nothing and resumes its watch when etcd is killed for ${OUTAGE_MS} ms under load`, { timeout: 60_000 + OUTAGE_MS }, () =>
    withEtcd(async (etcd, store) => {
      await outage(store, async () => {
        await etcd.kill();
        await wait(OUTAGE_MS);
        await etcd.restart();
      });
    }),
  );

  it('fails in bounded time while etcd hangs, and goes on when it wakes', { timeout: 60_000 }, () =>
    withEtcd(async (etcd, store) => {
      const { slowestMs } = await outage(store, async () => {
        etcd.signal('SIGSTOP');
        const started = performance.now();
        await assert.rejects(store.currentRevision(), isClear);
        assert.ok(performance.now() - started < 11_000);
        etcd.signal('SIGCONT');
      });
      assert.ok(slowestMs < 12_000, `a call took ${slowestMs} ms`);
    }),
  );

  it('tells a watcher that history was compacted behind its back', { timeout: 30_000 }, () =>
    withEtcd(async (etcd, direct) => {
      const line = await cuttableLine(etcd.endpoint);
      const store = await etcdStore({ endpoints: [line.endpoint] });
      try {
        const seen = watched(store, '/', await store.currentRevision());
        await put(direct, '/a');
        await seen.reached(await direct.currentRevision());
        line.cut();
        await put(direct, '/b');
        await put(direct, '/b');
        await put(direct, '/c');
        await direct.compact(await direct.currentRevision());
        line.mend();
        await seen.until(({ ended }) => ended.length > 0, 'ended');
        assert.deepEqual([seen.ended.map(({ reason }) => reason), seen.events.length], [['Compacted'], 1]);
        const { entries, revision } = await eventually(() => store.list('/'));
        assert.equal(entries.length, 3);
        const again = watched(store, '/', revision);
        await again.reached(await put(direct, '/d'));
        assert.deepEqual(
          again.events.map(({ key }) => key),
          ['/d'],
        );
      } finally {
        await store.close();
        line.close();
      }
    }),
  );

  it('shows two servers over one etcd what the other wrote, at the revision it reads', { timeout: 30_000 }, () =>
    withEtcd(async (etcd, one) => {
      const two = await etcdStore({ endpoints: ['127.0.0.1:1', etcd.endpoint] });
      const seen = watched(two, '/', await two.currentRevision());
      for (let at = 0; at < 100; at++) {
        const written = await put(one, `/${at}`);
        const revision = await two.currentRevision();
        assert.equal(revision, written);
        await seen.reached(revision);
        assert.equal(seen.events.at(-1)?.key, `/${at}`);
      }
      await two.close();
    }),
  );

  it('moves on to the next endpoint when one does not answer', { timeout: 30_000 }, () =>
    withEtcd(async (etcd, one) => {
      await put(one, '/a');
      const line = await cuttableLine(etcd.endpoint);
      const two = await etcdStore({ endpoints: [line.endpoint, etcd.endpoint] });
      try {
        const seen = watched(two, '/', await two.currentRevision());
        await seen.reached(await put(one, '/b'));
        line.close();
        await seen.reached(await put(one, '/c'));
        await eventually(() => two.get('/a'));
        assert.equal(await two.count('/'), 3);
        assert.equal(seen.events.length, 2);
      } finally {
        await two.close();
      }
    }),
  );
});

async function withEtcd(test: (etcd: EtcdProcess, store: Store) => Promise<void>): Promise<void> {
  const etcd = await startEtcd();
  try {
    const store = await etcdStore({ endpoints: [etcd.endpoint] });
    try {
      await test(etcd, store);
    } finally {
      await store.close();
    }
  } finally {
    await etcd.remove();
  }
}

/** Writes all the time, before, during and after what happens; then nothing acknowledged is missing, and the watcher saw all of it once. */
async function outage(store: Store, happen: () => Promise<void>): Promise<{ slowestMs: number }> {
  const acknowledged = new Map<string, bigint>();
  const failures: unknown[] = [];
  let slowestMs = 0;
  let isOver = false;
  const seen = watched(store, '/load/', await store.currentRevision(), 20_000);
  acknowledged.set('/load/first', await put(store, '/load/first'));
  await seen.reached(await store.currentRevision());
  const writer = async (_: unknown, name: number) => {
    for (let at = 0; !isOver; at++) {
      const key = `/load/${name}/${at}`;
      const started = performance.now();
      try {
        acknowledged.set(key, await put(store, key));
      } catch (error) {
        failures.push(error);
        await wait(20);
      }
      slowestMs = Math.max(slowestMs, performance.now() - started);
    }
  };
  const writers = Array.from({ length: 16 }, writer);
  await happen();
  const after = acknowledged.size;
  while (acknowledged.size < after + 200) await wait(10);
  isOver = true;
  await Promise.all(writers);

  assert.ok(failures.length > 0, 'nothing failed: there was no outage');
  for (const failure of failures) assert.ok(isClear(failure), String(failure));
  const { entries } = await store.list('/load/');
  const stored = new Map(entries.map(({ key, revision }) => [key, revision]));
  for (const [key, revision] of acknowledged) assert.equal(stored.get(key), revision, `${key} was acknowledged`);
  await seen.reached(await store.currentRevision());
  const events = seen.events.map(({ key, revision }) => [key, revision]);
  assert.deepEqual(
    events,
    [...stored].sort(([, a], [, b]) => (a < b ? -1 : 1)),
  );
  assert.deepEqual(seen.ended, []);
  return { slowestMs };
}

const isClear = (error: unknown): boolean => StoreError.is(error, 'Unavailable') && /^etcd at 127\.0\.0\.1:\d+: ./.test(error.message);

async function put(store: Store, key: string): Promise<bigint> {
  const result = await store.txn([], [{ key, value: new TextEncoder().encode(key) }]);
  assert.ok(result.ok);
  return result.revision;
}

/** Tries again for a while: the calls of a store do not. */
async function eventually<Result>(call: () => Promise<Result>): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!StoreError.is(error, 'Unavailable') || attempt > 100) throw error;
      await wait(50);
    }
  }
}

/** A TCP line to `target` that can be cut and mended. */
async function cuttableLine(target: string) {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  let isCut = false;
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((inner) => {
    if (isCut) return inner.destroy();
    const outer = connect(Number(port), host);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  return {
    endpoint: `127.0.0.1:${address.port}`,
    cut() {
      isCut = true;
      hangUp();
    },
    mend() {
      isCut = false;
    },
    close() {
      server.close();
      hangUp();
    },
  };
}
