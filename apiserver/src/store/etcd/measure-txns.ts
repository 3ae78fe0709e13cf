import { etcdStore } from './etcd-store.ts';
import { startEtcd } from './start-etcd.ts';

// What one create costs this process, in CPU time: that is comparable on a machine that others use too.
const TXNS = 20_000;
const IN_FLIGHT = 32;
const VALUE = new Uint8Array(1_100).fill(97);

const etcd = await startEtcd();
const store = await etcdStore({ endpoints: [etcd.endpoint] });

async function measure(round: number): Promise<void> {
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < TXNS) {
      const key = `/${round}/${next++}`;
      await store.txn([{ key, revision: 0n }], [{ key, value: VALUE }]);
    }
  };
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  await Promise.all(Array.from({ length: IN_FLIGHT }, write));
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = (TXNS / (performance.now() - started)) * 1_000;
  const rssMb = process.memoryUsage().rss / 1e6;
  console.log(`${((user + system) / TXNS).toFixed(0)} µs CPU per txn, ${perSecond.toFixed(0)} txns/s, rss ${rssMb.toFixed(0)} MB`);
}

try {
  for (let round = 0; round < 4; round++) await measure(round);
} finally {
  await store.close();
  await etcd.remove();
}
