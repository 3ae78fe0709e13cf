import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { apiClient, loadKubeconfig, logger, systemClock } from '@river/runtime';
import { limits } from './limits.ts';
import { startGateway } from './start-gateway.ts';

/** The program proper: reads its flags, says on stdout when it serves, ends on SIGTERM. */

const { values } = parseArgs({
  options: {
    /** How the API is reached, and as whom. */
    kubeconfig: { type: 'string' },
    bind: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8000' },
    cert: { type: 'string' },
    key: { type: 'string' },
    /** Whose certificates show who a person or a node is. */
    'client-ca': { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

const needed = (name: 'cert' | 'key' | 'client-ca'): string => {
  const file = values[name];
  if (file === undefined) throw new Error(`--${name} FILE is needed`);
  return file;
};
const port = Number(values.port);
if (!/^[0-9]+$/.test(values.port) || port > 65535) throw new Error(`--port must be from 0 (any free one) to 65535, not "${values.port}"`);

const stop = new AbortController();
const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());

const clock = systemClock;
const log = logger({ clock, level: values.verbose ? 'debug' : 'info', fields: { program: 'gateway' } });
const access = await loadKubeconfig({ env: process.env, flags: values.kubeconfig === undefined ? {} : { kubeconfig: values.kubeconfig } });
const client = apiClient(access, { userAgent: 'river-gateway', timeoutMs: 10_000 });
const authorityFile = needed('client-ca');
const gateway = await startGateway({
  bind: values.bind,
  port,
  cert: readFileSync(needed('cert')),
  key: readFileSync(needed('key')),
  authority: readFileSync(authorityFile, 'utf8'),
  authorityFile,
  client,
  limits,
  clock,
  log,
  signal: stop.signal,
}).catch((error) => {
  if (stop.signal.aborted) process.exit(0);
  throw error;
});
process.stdout.write(`${JSON.stringify({ ready: true, url: gateway.url })}\n`);
await stopped;
await gateway.close();
client.close();
