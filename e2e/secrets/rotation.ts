import { addKey, newKey, readKeyRing, useKey, writeKeyRing } from '@river/runtime';
import type { Api } from '../server/http.ts';
import { secrets, textsIn } from './stored.ts';

/** Adds a key to the ring and uses it, as `./river keys rotate` does. */
export function rotate(file: string): string {
  const key = newKey(new Date());
  writeKeyRing(file, useKey(addKey(readKeyRing(file), key), key.id));
  return key.id;
}

/** Counters that many writers raise at once, each raise with the version that it has read. */
export interface Raising {
  /** How often each was raised for certain, and at most. */
  counts: ReadonlyMap<string, { sure: number; most: number }>;
  stop(): Promise<void>;
}

export function raise(api: () => Api, names: readonly string[], writers: number, recovered: () => Promise<void>): Raising {
  const counts = new Map(names.map((name) => [name, { sure: 0, most: 0 }]));
  let isStopped = false;
  const stopped = Promise.withResolvers<void>();
  const once = async (name: string): Promise<boolean> => {
    const count = counts.get(name);
    const at = `${secrets}/${name}`;
    const read = await api().get(at);
    if (!count || read.status !== 200) return false;
    const next = Number(textsIn(read.json).n) + 1;
    count.most++;
    const answer = await api().call('PUT', at, { body: { ...read.json, stringData: { n: String(next) } } });
    if (answer.status === 200) count.sure++;
    else if (answer.status === 409) count.most--;
    return answer.status === 200 || answer.status === 409;
  };
  const writer = async (number: number) => {
    const name = names[number % names.length] ?? '';
    while (!isStopped) {
      const isAnswered = await once(name).catch(() => false);
      if (!isAnswered) await Promise.race([recovered(), stopped.promise]);
    }
  };
  const all = Promise.all(Array.from({ length: writers }, (_, number) => writer(number)));
  return {
    counts,
    async stop() {
      isStopped = true;
      stopped.resolve();
      await all;
    },
  };
}
