import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '@river/crds';
import { etcdStore } from '../../apiserver/src/store/etcd/etcd-store.ts';
import { sqliteStore } from '../../apiserver/src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../apiserver/src/store/store.ts';
import { eventually } from '../server/eventually.ts';
import type { Api } from '../server/http.ts';
import type { RunningServer } from '../server/start-server.ts';

export const secrets = '/api/v1/namespaces/default/secrets';

export const secretOf = (name: string, stringData: Record<string, string>, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, ...metadata },
  stringData,
});

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Works on what a server keeps, as it is kept. The server must not run on SQLite meanwhile. */
export async function onKept<T>({ dir, etcd }: Pick<RunningServer, 'dir' | 'etcd'>, work: (store: Store) => Promise<T>): Promise<T> {
  const store = etcd ? await etcdStore({ endpoints: [etcd.endpoint] }) : await sqliteStore({ path: join(dir, 'river.db') });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** The files below a folder in which one of these texts stands, with the text. */
export function filesWith(folder: string, texts: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      const bytes = readFileSync(path);
      return texts.filter((text) => bytes.includes(text)).map((text) => `${path}: ${text}`);
    });
}

export interface KeyReport {
  use: string;
  isSettled: boolean;
  problem: string | null;
  plain: number;
  unreadable: number;
  keys: { id: string; values: number; isKnown: boolean }[];
}

export const keyReport = async (api: Api): Promise<KeyReport> => (await api.get('/secret-keys')).json;

export const settledWith = (api: Api, use: string): Promise<KeyReport> =>
  eventually(
    `everything is sealed with ${use}`,
    () => keyReport(api),
    (report) => report.use === use && report.isSettled,
    60_000,
  );

/** Its data in clear. */
export const textsIn = (secret: KubeObject): Record<string, string> =>
  Object.fromEntries(
    Object.entries((secret.data ?? {}) as Record<string, string>).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
