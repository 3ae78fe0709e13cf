import { randomInt } from 'node:crypto';
import type { KubeObject } from '@river/crds';
import { configMap } from '../kubectl/objects.ts';
import { eventually } from './eventually.ts';
import type { Answer, Api, Watching, WatchLine } from './http.ts';

/** What became of one object as far as its writer was told. */
interface Known {
  /** The last acknowledged state; undefined: none yet, or acknowledged as deleted. */
  value: string | undefined;
  revision: string | undefined;
  isDeleted: boolean;
  /** A write that was sent and never answered: it may have happened. */
  maybe: 'put' | 'delete' | undefined;
}

export interface Acknowledged {
  name: string;
  type: 'put' | 'delete';
  revision?: string;
  value?: string;
}

export interface LoadOptions {
  api(): Api;
  /** The address of a collection of ConfigMaps. */
  address: string;
  writers: number;
  /** Waits until the server can be asked again. */
  recovered(): Promise<void>;
  /** Called with every answer that is not 2xx. */
  onRefusal?(answer: Answer): void;
}

/** Writers that create, change and delete objects as fast as they are answered, and remember every answer. */
export interface Load {
  acknowledged: Acknowledged[];
  known: ReadonlyMap<string, Known>;
  stop(): Promise<void>;
}

const isGood = ({ status }: Answer): boolean => status >= 200 && status < 300;

export function startLoad({ api, address, writers, recovered, onRefusal }: LoadOptions): Load {
  const acknowledged: Acknowledged[] = [];
  const known = new Map<string, Known>();
  let isStopped = false;
  const stopped = Promise.withResolvers<void>();

  /** One write. False when its outcome is not known, or it was refused. */
  const write = async (name: string, type: 'put' | 'delete', call: () => Promise<Answer>, value?: string): Promise<boolean> => {
    const state = known.get(name) ?? { value: undefined, revision: undefined, isDeleted: false, maybe: undefined };
    known.set(name, state);
    state.maybe = type;
    const answer = await call().catch(() => undefined);
    if (!answer || !isGood(answer)) {
      if (answer) onRefusal?.(answer);
      return false;
    }
    state.maybe = undefined;
    if (type === 'delete') {
      Object.assign(state, { value: undefined, isDeleted: true });
      acknowledged.push({ name, type });
    } else {
      const revision: string = answer.json.metadata.resourceVersion;
      Object.assign(state, { value, revision });
      acknowledged.push({ name, type, revision, value: value ?? '' });
    }
    return true;
  };
  const life = async (name: string, isKept: boolean): Promise<boolean> => {
    const body = (value: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value } });
    const change = (value: string) =>
      api().call('PATCH', `${address}/${name}`, { body: { data: { value } }, type: 'application/merge-patch+json' });
    if (!(await write(name, 'put', () => api().call('POST', address, { body: body('0') }), '0'))) return false;
    for (const value of ['1', '2']) if (!(await write(name, 'put', () => change(value), value))) return false;
    return isKept || write(name, 'delete', () => api().call('DELETE', `${address}/${name}`));
  };
  const writer = async (number: number) => {
    for (let turn = 0; !isStopped; turn++) {
      if (!(await life(`w${number}-${turn}`, turn % 2 === 0))) await Promise.race([recovered(), stopped.promise]);
    }
  };
  const all = Promise.all(Array.from({ length: writers }, (_, number) => writer(number)));
  return {
    acknowledged,
    known,
    async stop() {
      isStopped = true;
      stopped.resolve();
      await all;
    },
  };
}

/** A watcher that goes on from the last revision it saw, whenever its connection ends. */
export interface Follower {
  events(): WatchLine[];
  /** How often it had to connect. */
  connections(): number;
  stop(): void;
}

export function follow(api: () => Api, address: string, from: string, recovered: () => Promise<void>): Follower {
  const past: WatchLine[] = [];
  let current: Watching | undefined;
  let connections = 0;
  let isStopped = false;
  const revision = () => current?.events.at(-1)?.object.metadata.resourceVersion ?? past.at(-1)?.object.metadata.resourceVersion ?? from;
  const run = async () => {
    while (!isStopped) {
      connections++;
      const watch = api().watch(`${address}?watch=1&resourceVersion=${revision()}`);
      current = watch;
      await watch.ended;
      past.push(...watch.events);
      current = undefined;
      if (past.at(-1)?.type === 'ERROR') return;
      await recovered();
    }
  };
  void run();
  return {
    events: () => [...past, ...(current?.events ?? [])],
    connections: () => connections,
    stop() {
      isStopped = true;
      current?.close();
    },
  };
}

const everything = '/api/v1/configmaps';

const listAll = async (api: Api, address: string): Promise<KubeObject[]> =>
  ((await api.read(address)) as unknown as { items: KubeObject[] }).items;
export const revisionOf = async (api: Api): Promise<string> => String((await api.read(everything)).metadata.resourceVersion);

/** The config maps of a namespace that nobody else writes to. */
export async function freshAddress(api: Api): Promise<string> {
  const name = `n-${randomInt(2 ** 40)}`;
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return `/api/v1/namespaces/${name}/configmaps`;
}

/** Waits until each has seen the last write. */
export async function caughtUp(followers: readonly Follower[], api: Api, address: string): Promise<KubeObject[]> {
  const { metadata } = await api.create(address, configMap(`last-${randomInt(2 ** 40)}`));
  for (const [n, follower] of followers.entries()) {
    const look = () => follower.events().at(-1)?.object;
    await eventually(
      `watcher ${n} sees the last write`,
      look,
      (last) => Number(last?.metadata?.resourceVersion) >= Number(metadata.resourceVersion),
    );
    follower.stop();
  }
  return listAll(api, address);
}

/** Whatever has happened: nothing of a test goes on after it. */
export async function end(load: Load, followers: readonly Follower[]): Promise<void> {
  for (const follower of followers) follower.stop();
  await load.stop();
}
