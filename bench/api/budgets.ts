import type { Figures } from './scenario.ts';

export interface Budget {
  name: string;
  value: number;
  budget: string;
  ok: boolean;
}

/** What the API server must reach on two cores with fsync on, each beside what was measured. */
export function judge(store: string, figures: Figures): Budget[] {
  const { create, read, watch } = figures;
  const atLeast = (name: string, value: number | undefined, limit: number) => line(name, value, `>= ${limit}`, (it) => it >= limit);
  const atMost = (name: string, value: number | undefined, limit: number) => line(name, value, `<= ${limit}`, (it) => it <= limit);
  const line = (name: string, value: number | undefined, budget: string, holds: (value: number) => boolean): Budget[] =>
    value === undefined ? [] : [{ name: `${store}: ${name}`, value, budget, ok: holds(value) }];
  return [
    atLeast('creates/s, 32 in flight', create.create32?.perSecond, store === 'etcd' ? 2_000 : 3_000),
    atMost('create one at a time, p50 ms', create.create1?.p50Ms, 1.5),
    atMost('list of 5,000, p50 ms', read.list5000?.p50Ms, 25),
    atMost('list by label, p50 ms', read.byLabel?.p50Ms, 5),
    atMost('100 watchers at 50 writes/s, p50 ms', watch.paced100?.deliveryP50Ms, 4),
    atMost(
      '100 watchers at 50 writes/s, p50 over a bare TLS server',
      ratio(watch.paced100?.deliveryP50Ms, watch.floor100?.deliveryP50Ms),
      1.5,
    ),
    atMost('100 watchers at 50 writes/s, p99 ms', watch.paced100?.deliveryP99Ms, 12),
    atLeast('100 watchers, writes/s', watch.unpaced100?.writesPerSecond, 800),
    atMost('kind served after POST, p50 ms', figures.definitionServedMs, 25),
    atMost('peak RSS, MB', Math.round(figures.memory.peakMiB * megabytesPerMebibyte), 200),
    atMost('create at 10,000 objects, 64 in flight, p99 ms', figures.createAt10000.p99Ms, 50),
    atMost('events lost by 1,000 watchers', watch.paced1000 && watch.paced1000.lost + watch.paced1000.ended, 0),
  ].flat();
}

const megabytesPerMebibyte = 2 ** 20 / 1e6;

const ratio = (value?: number, floor?: number): number | undefined => value && floor && Math.round((value / floor) * 100) / 100;
