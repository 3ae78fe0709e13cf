import { apiClient, ensureServerCertificates, gatewayMap, loadKubeconfig } from '@river/runtime';
import { openBoundedLog } from './bounded-log.ts';
import type { DataDir } from './data-dir.ts';
import { type KeptProcess, keep } from './keep-process.ts';
import type { UpOptions } from './options.ts';
import type { Note, UpDeps } from './run-up.ts';

const readyMs = 15_000;
const publishTries = 20;
const publishPauseMs = 500;

export const hasGateway = ({ gateway }: UpOptions, { gatewayEntry }: Pick<UpDeps, 'gatewayEntry'>): boolean =>
  gateway && gatewayEntry !== undefined;

/**
 * The gateway of this `up`, if it is to have one: started again when it ends, and told of to the cluster each time that it serves. Without one
 * the cluster is told of none. Resolves when it serves, or when that takes too long, with a line that says so.
 */
export async function startGateway(options: UpOptions, deps: UpDeps, note: Note, stop: AbortSignal): Promise<KeptProcess | undefined> {
  const { dir, bind, gatewayPort } = options;
  const { gatewayEntry, say, now } = deps;
  if (gatewayEntry === undefined) return undefined;
  if (!options.gateway) {
    await publish(dir, undefined, stop);
    return undefined;
  }
  const pki = await ensureServerCertificates({ dir: dir.pki, server: 'gateway', names: [bind], now: now() });
  const args = [gatewayEntry, '--kubeconfig', dir.gatewayKubeconfig, '--bind', bind, '--port', String(gatewayPort)];
  args.push('--cert', pki.certFile, '--key', pki.keyFile, '--client-ca', pki.caFile);
  const served = Promise.withResolvers<boolean>();
  const onReady = (url: string) => void publish(dir, new URL(url).port || '443', stop).then(served.resolve, () => served.resolve(false));
  const onStart: Parameters<typeof keep>[0]['onStart'] = (identity) => note({ gateway: identity });
  const kept = keep({ what: 'the gateway', args, logFile: dir.gatewayLog, onStart, onReady });
  const late = setTimeout(() => served.resolve(false), readyMs);
  const onStop = () => served.resolve(true);
  stop.addEventListener('abort', onStop, { once: true });
  const isServed = await served.promise;
  clearTimeout(late);
  stop.removeEventListener('abort', onStop);
  if (!isServed) say(`warning: the gateway does not serve yet: see ${dir.gatewayLog}`);
  return kept;
}

/** Tells the cluster on which port of this host the gateway is; false when that cannot be said. */
async function publish(dir: DataDir, port: string | undefined, stop: AbortSignal): Promise<boolean> {
  const client = apiClient(await loadKubeconfig({ env: {}, flags: { kubeconfig: dir.kubeconfig } }), { userAgent: 'river-up' });
  const maps = client.resource({ group: '', version: 'v1', plural: 'configmaps', namespaced: true });
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...gatewayMap }, data: port === undefined ? {} : { port } };
  try {
    for (let tries = 0; tries < publishTries && !stop.aborted; tries++) {
      try {
        await maps.apply(map, { fieldManager: 'river-up', force: true, timeoutMs: 5_000 });
        return true;
      } catch (error) {
        const log = openBoundedLog(dir.gatewayLog);
        log.write(Buffer.from(`up could not tell the cluster where the gateway is: ${error instanceof Error ? error.message : error}\n`));
        log.close();
        await new Promise((resolve) => setTimeout(resolve, publishPauseMs));
      }
    }
    return false;
  } finally {
    client.close();
  }
}
