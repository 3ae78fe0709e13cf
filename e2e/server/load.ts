import assert from 'node:assert/strict';
import type { KubeObject } from '@river/crds';
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

/** Every acknowledged write is there, and nothing is there that nobody wrote. */
export function assertKept({ known }: Load, items: readonly KubeObject[]): void {
  const found = new Map(items.map((item) => [item.metadata.name, item]));
  for (const [name, state] of known) {
    const item = found.get(name);
    const value = (item?.data as { value?: string } | undefined)?.value;
    const isAcknowledged = item ? value === state.value && item.metadata.resourceVersion === state.revision : state.value === undefined;
    const next = String(Number(state.value ?? -1) + 1);
    const isMaybe = state.maybe === 'put' ? value === next : state.maybe === 'delete' && item === undefined;
    assert.ok(isAcknowledged || isMaybe, `${name}: ${JSON.stringify(state)} was acknowledged, and ${JSON.stringify(item)} is there`);
  }
}

/** The follower saw every acknowledged write once, in the order of the revisions, and what it saw adds up to what is there. */
export function assertFollowed(follower: Follower, { acknowledged }: Load, items: readonly KubeObject[]): void {
  let last = 0;
  const at = new Map<string, WatchLine>();
  const deleted = new Set<string>();
  const state = new Map<string, string>();
  for (const event of follower.events()) {
    const { name, resourceVersion = '' } = event.object.metadata;
    assert.ok(event.type !== 'ERROR', JSON.stringify(event));
    assert.ok(Number(resourceVersion) > last, `${event.type} ${name} at ${resourceVersion} came after ${last}`);
    last = Number(resourceVersion);
    const isKnown = state.has(name);
    assert.equal(event.type === 'ADDED', !isKnown, `${event.type} ${name}, which was ${isKnown ? '' : 'not '}there`);
    at.set(resourceVersion, event);
    if (event.type === 'DELETED') {
      state.delete(name);
      deleted.add(name);
    } else state.set(name, resourceVersion);
  }
  for (const { name, type, revision = '', value } of acknowledged) {
    const event = at.get(revision);
    if (type === 'delete') assert.ok(deleted.has(name), `the deletion of ${name} was not seen`);
    else
      assert.deepEqual(
        [event?.object.metadata.name, event?.object.data],
        [name, { value }],
        `the write of ${name} at ${revision} was not seen`,
      );
  }
  const there = new Map(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
  assert.deepEqual(new Map([...state].sort()), new Map([...there].sort()));
}
