import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Api } from './http.ts';
import { type KubectlOptions, type KubectlResult, kubectl, kubectlOk, type RunningKubectl, startKubectl } from './kubectl.ts';
import { type RunningServer, type StoreKind, storeKinds } from './start-server.ts';
import { useServer } from './use-server.ts';

/** What one test works with: a server that it shares, and a namespace of its own. */
export interface Room {
  server: RunningServer;
  api: Api;
  namespace: string;
  /** Unique in this server, for what lives in no namespace. */
  id: string;
  /** kubectl in this namespace; throws when it fails. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** The same, for what must fail. */
  tryKubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>;
  startKubectl(args: readonly string[]): RunningKubectl;
  /** Writes a file into a folder of this test. */
  file(name: string, content: string): string;
  /** The address of a resource of this namespace: `at('configmaps/a')`, `at('river.dev/v1/tasks')`. */
  at(path: string): string;
  /** Called at the end, whatever happens. */
  after(clean: () => unknown): void;
}

export type Define = (name: string, body: (room: Room) => Promise<void>) => void;

/** The stores that are tested, or the one in RIVER_STORE: to look for a fault. */
const stores = storeKinds.filter((store) => (process.env.RIVER_STORE ?? store) === store);

/** How many tests of one store run at a time. Most of their time is kubectl's own. */
const atOnce = 3;

/** Runs the tests on every store, each store with one server, each test in a namespace of its own. */
export function onEachStore(subject: string, define: (test: Define, store: StoreKind) => void, only: readonly StoreKind[] = stores): void {
  for (const store of stores.filter((one) => only.includes(one))) {
    describe(`${subject}, on ${store}`, { concurrency: atOnce }, () => {
      const used = useServer({ store });
      define((name, body) => {
        it(name, (context) => inRoom(context, used.server, used.api, body));
      }, store);
    });
  }
}

async function inRoom(context: TestContext, server: RunningServer, api: Api, body: (room: Room) => Promise<void>): Promise<void> {
  const id = `t${randomBytes(4).toString('hex')}`;
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: id } });
  const folder = mkdtempSync(join(server.dir, 'test-'));
  const withNamespace = (args: readonly string[]) => ['-n', id, ...args];
  await body({
    server,
    api,
    namespace: id,
    id,
    kubectl: (args, options) => kubectlOk(server, withNamespace(args), options),
    tryKubectl: (args, options) => kubectl(server, withNamespace(args), options),
    startKubectl(args) {
      const running = startKubectl(server, withNamespace(args));
      context.after(() => running.stop());
      return running;
    },
    file(name, content) {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
    at: (path) => addressIn(id, path),
    after: (clean) => context.after(async () => void (await clean())),
  });
}

/** Core resources are named by their plural, others by group, version and plural. */
function addressIn(namespace: string, path: string): string {
  const isGrouped = /^[a-z0-9.-]+\.[a-z0-9.-]+\/v[^/]+\//.test(path);
  if (!isGrouped) return `/api/v1/namespaces/${namespace}/${path}`;
  const [group, version, ...rest] = path.split('/');
  return `/apis/${group}/${version}/namespaces/${namespace}/${rest.join('/')}`;
}
