import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { authorityHash } from '@river/runtime';
import type { Api } from './http.ts';
import type { RunningServer } from './start-server.ts';

const riverctl = fileURLToPath(new URL('../../cli/src/riverctl.ts', import.meta.url));

export interface CtlResult {
  code: number;
  out: string;
  err: string;
}

/** riverctl as the server's admin; what a node runs needs no kubeconfig. */
export async function ctl(
  server: RunningServer,
  args: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<CtlResult> {
  const env = { PATH: process.env.PATH, HOME: server.home, KUBECONFIG: server.kubeconfig, ...options.env };
  const child = spawn(process.execPath, [riverctl, ...args], { env, timeout: 60_000, killSignal: 'SIGKILL' });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: Number(code ?? 128), out, err };
}

export async function ctlOk(...given: Parameters<typeof ctl>): Promise<string> {
  const { code, out, err } = await ctl(...given);
  if (code === 0) return out;
  throw new Error(`riverctl ${given[1].join(' ')}: ended with ${code}\nstderr: ${err}\nstdout: ${out}`);
}

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** A join token as riverctl makes it, without starting riverctl. */
export async function makeToken(
  server: RunningServer,
  api: Api,
  said: { node?: string; addresses?: string; approval?: 'auto' | 'manual'; expiration?: string } = {},
): Promise<{ id: string; bearer: string; whole: string }> {
  const id = Array.from(randomBytes(10), (byte) => letters[byte % letters.length]).join('');
  const secret = randomBytes(32).toString('base64url');
  const sha256 = createHash('sha256').update(secret).digest('hex');
  await api.create('/api/v1/namespaces/river-system/secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `join-${id}` },
    type: 'river.dev/join-token',
    stringData: { sha256, approval: 'auto', expiration: new Date(Date.now() + 3_600_000).toISOString(), ...said },
  });
  return { id, bearer: `${id}.${secret}`, whole: `${id}.${secret}.${authorityHash(server.ca)}` };
}
