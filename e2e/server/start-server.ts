import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ensureKeyRing, ensureServerCertificates } from '@river/runtime';
import { stringify } from 'yaml';
import { within } from './eventually.ts';
import { type Program, startProgram } from './program.ts';
import { type Etcd, startEtcd } from './start-etcd.ts';

export type StoreKind = 'memory' | 'sqlite' | 'etcd';
export const storeKinds: readonly StoreKind[] = ['memory', 'sqlite', 'etcd'];

export interface ServerOptions {
  store: StoreKind;
  /** Where its data lies; a temporary folder, removed at the end, when left out. */
  dir?: string;
  /** Any free one when left out. */
  port?: number;
  /** The address on which it listens, which its certificate names too; loopback when left out. */
  address?: string;
  env?: Record<string, string>;
  /** An etcd that is already there, shared with another server: it outlives this one. */
  etcd?: Etcd;
  /** People beside the admin, by their tokens; the token is the name too where none is given. */
  users?: Record<string, { user?: string; groups: string[] }>;
  /** With the policies that `up` loads. */
  hasPolicies?: boolean;
  /** Flags of the server beside the usual ones, without their dashes; `true` is one without a value. */
  flags?: Record<string, string | true>;
  /** Without the key of the clients' authority. */
  signsNothing?: boolean;
}

/** A real API server, in a process of its own. */
export interface RunningServer {
  store: StoreKind;
  url: string;
  port: number;
  kubeconfig: string;
  /** An empty home for kubectl's caches. */
  home: string;
  token: string;
  caFile: string;
  ca: string;
  secretKeys: string;
  dir: string;
  etcd: Etcd | undefined;
  pid(): number;
  /** What it, and its etcd, have said. */
  log(): string;
  /** Ends it and what it started, and removes its temporary folder. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** Starts it again, at the same address and on the same data, after it was killed; a running one is stopped first. */
  restart(): Promise<void>;
}

const main = fileURLToPath(new URL('../../apiserver/src/main.ts', import.meta.url));
const policies = fileURLToPath(new URL('../../deploy/policies', import.meta.url));
const readyDeadlineMs = 60_000;

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'river-e2e-'));
  const etcd = options.store === 'etcd' ? (options.etcd ?? (await startEtcd(dir))) : undefined;
  const secretKeys = etcd?.secretKeys ?? join(dir, 'pki', 'secrets.keys');
  const { address = '127.0.0.1' } = options;
  const identity = await makeIdentity({ dir, users: options.users ?? {}, secretKeys, address });
  let port = options.port ?? 0;
  let program: Program | undefined;
  let url = '';
  const start = async () => {
    const flags: Record<string, string | true> = {
      ...identity.flags,
      ...options.flags,
      store: storeFlag(options.store, dir, etcd),
      bind: address,
      port: String(port),
    };
    if (options.hasPolicies) Object.assign(flags, { policies });
    const args = Object.entries(flags)
      .filter(([name]) => !(options.signsNothing && name === 'client-ca-key'))
      .flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, value]));
    const started = startProgram(process.execPath, [main, ...args], { ...process.env, ...options.env });
    program = started;
    url = await within('the API server says that it is ready', saidReady(started), started.log, readyDeadlineMs);
    port = Number(new URL(url).port);
  };
  const remove = () => {
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  };
  const stop = async () => {
    try {
      await program?.stop();
    } finally {
      if (!options.etcd) await etcd?.stop();
      remove();
    }
  };
  await start().catch(async (error) => {
    await stop();
    throw error;
  });
  const kubeconfig = writeKubeconfig(dir, url, identity);
  return {
    ...identity,
    store: options.store,
    secretKeys,
    url,
    port,
    dir,
    etcd,
    kubeconfig,
    pid: () => program?.pid ?? 0,
    log: () => [program?.log() ?? '', etcd?.log() ?? ''].filter(Boolean).join('\n--- etcd ---\n'),
    stop,
    kill9: async () => program?.kill9(),
    async restart() {
      await program?.stop();
      await start();
    },
  };
}

type Identity = Awaited<ReturnType<typeof makeIdentity>>;

interface MakingIdentity extends Required<Pick<ServerOptions, 'users' | 'address'>> {
  dir: string;
  secretKeys: string;
}

async function makeIdentity({ dir, users, secretKeys, address }: MakingIdentity) {
  const home = join(dir, 'home');
  mkdirSync(home, { recursive: true });
  const { caFile, caKeyFile, ca, certFile, keyFile } = await ensureServerCertificates({
    dir: join(dir, 'pki'),
    names: [address],
    now: new Date(),
  });
  ensureKeyRing(secretKeys, new Date());
  const token = randomBytes(24).toString('hex');
  const tokenFile = join(dir, 'tokens.json');
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const others = Object.entries(users).map(([token, { user = token, groups }]) => ({ sha256: sha256(token), user, groups }));
  const tokens = [{ sha256: sha256(token), user: 'admin', groups: ['system:masters'] }, ...others];
  writeFileSync(tokenFile, JSON.stringify({ tokens }), { mode: 0o600 });
  return {
    token,
    caFile,
    ca,
    home,
    flags: {
      cert: certFile,
      key: keyFile,
      'token-file': tokenFile,
      'client-ca': caFile,
      'client-ca-key': caKeyFile,
      'secret-keys': secretKeys,
    },
  };
}

function storeFlag(store: StoreKind, dir: string, etcd: Etcd | undefined): string {
  if (store === 'memory') return 'memory';
  return etcd ? etcd.store : `sqlite:${join(dir, 'river.db')}`;
}

function writeKubeconfig(dir: string, server: string, { caFile, token }: Identity): string {
  const file = join(dir, 'kubeconfig');
  const data = readFileSync(caFile).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'river', cluster: { server, 'certificate-authority-data': data } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'river', context: { cluster: 'river', user: 'admin' } }],
    'current-context': 'river',
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}

/** Its first line on stdout that says it is ready; later lines are kept by the program's log. */
function saidReady({ child, log }: Program): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => reject(new Error(`the API server ended (${code ?? signal}) before it was ready:\n${log()}`)));
    child.once('error', reject);
    if (!child.stdout) return reject(new Error('the API server was started without a stdout'));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.includes('"ready":true')) return;
      const { url }: { url: string } = JSON.parse(line);
      resolve(url);
    });
  });
}
