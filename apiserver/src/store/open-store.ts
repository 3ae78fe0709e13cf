import { resolve } from 'node:path';
import { memoryStore } from './memory-store.ts';
import type { Store } from './store.ts';

/** How a store is named on a command line. */
const STORE_URL_FORMS = 'memory, sqlite:/path/to/file, etcd://host:port[,host:port…][/prefix]';

/** What a store's name says. @throws TypeError with the forms that are understood. */
export type StoreAddress = { kind: 'memory' } | { kind: 'sqlite'; path: string } | { kind: 'etcd'; endpoints: string[]; prefix?: string };

export function parseStoreUrl(url: string): StoreAddress {
  if (url === 'memory') return { kind: 'memory' };
  if (url.startsWith('sqlite:') && url.length > 'sqlite:'.length) return { kind: 'sqlite', path: resolve(url.slice('sqlite:'.length)) };
  const etcd = /^etcd:\/\/(?<endpoints>[^/]+)(?<prefix>\/.*?)?\/*$/.exec(url)?.groups;
  const endpoints = etcd?.endpoints?.split(',') ?? [];
  if (endpoints.length === 0 || !endpoints.every(isEndpoint)) {
    throw new TypeError(`${JSON.stringify(url)} names no store; understood are: ${STORE_URL_FORMS}`);
  }
  return { kind: 'etcd', endpoints, ...(etcd?.prefix ? { prefix: etcd.prefix } : {}) };
}

/** Opens the store that `url` names; the code of the other kinds is not loaded. */
export async function openStore(url: string): Promise<Store> {
  const address = parseStoreUrl(url);
  switch (address.kind) {
    case 'memory':
      return memoryStore();
    case 'sqlite':
      return (await import('./sqlite/sqlite-store.ts')).sqliteStore(address);
    case 'etcd':
      return (await import('./etcd/etcd-store.ts')).etcdStore(address);
  }
}

/** `host:port`, also `[::1]:port`. */
function isEndpoint(text: string): boolean {
  const port = /^(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\]):(?<port>\d{1,5})$/.exec(text)?.groups?.port;
  return port !== undefined && Number(port) > 0 && Number(port) < 65_536;
}
