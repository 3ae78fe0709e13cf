import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { apiClient, loadKubeconfig, logger, systemClock, systemRandom } from '@river/runtime';
import { runManager } from './reconciling/run-manager.ts';
import { serveMetrics } from './reconciling/serve-metrics.ts';

/** The program proper: reads its flags, says on stdout when it follows the cluster, ends on SIGTERM. */

const { values } = parseArgs({
  options: {
    /** How the API is reached, and as whom. */
    kubeconfig: { type: 'string' },
    /** The scheduler's own way in. Nothing is scheduled without. */
    'scheduler-kubeconfig': { type: 'string' },
    /** Where counters are served, to this machine only: a port. */
    metrics: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

const metricsPort = values.metrics === undefined ? undefined : Number(values.metrics);
if (metricsPort !== undefined && !(Number.isInteger(metricsPort) && metricsPort >= 0 && metricsPort <= 65535))
  throw new Error(`--metrics must be a port from 0 (any free one) to 65535, not "${values.metrics}"`);

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());

const clock = systemClock;
const log = logger({ clock, level: values.verbose ? 'debug' : 'info' });
const clientOf = async (kubeconfig: string | undefined, userAgent: string) =>
  apiClient(await loadKubeconfig({ env: process.env, flags: kubeconfig === undefined ? {} : { kubeconfig } }), { userAgent });
const client = await clientOf(values.kubeconfig, 'river-controllers');
const schedulerFile = values['scheduler-kubeconfig'];
const schedulerClient = schedulerFile === undefined ? undefined : await clientOf(schedulerFile, 'river-scheduler');
const identity = `${hostname()}_${process.pid}_${randomBytes(4).toString('hex')}`;
const manager = runManager({ client, schedulerClient, identity, signal: stop.signal, clock, random: systemRandom, log });
const metrics = metricsPort === undefined ? undefined : await serveMetrics(metricsPort, manager);
await manager.cluster.synced().then(
  () => process.stdout.write(`${JSON.stringify({ ready: true, identity, ...(metrics && { metrics: metrics.url }) })}\n`),
  () => undefined,
);
await manager.done;
await metrics?.close();
client.close();
schedulerClient?.close();
