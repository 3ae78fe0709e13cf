import { parseArgs } from 'node:util';
import { systemClock as clock, loadKubeconfig, logger } from '@river/runtime';
import { fakeNode } from './fake-node.ts';

/** Fake nodes in a process of their own. Says on stdout when all are there; ends with its stdin or on SIGTERM. */

const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string' },
    nodes: { type: 'string', default: '3' },
    /** Of each node, as JSON: what it has. */
    status: { type: 'string', default: '{"allocatable":{"cpu":"64","memory":"256Gi"}}' },
  },
});

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const log = logger({ clock, level: 'warn' });
const access = await loadKubeconfig({ env: {}, flags: { kubeconfig: values.kubeconfig ?? '' } });
const status = JSON.parse(values.status);
const names = Array.from({ length: Number(values.nodes) }, (_, at) => `f${String(at).padStart(4, '0')}`);
const atOnce = 32;
for (let at = 0; at < names.length; at += atOnce)
  await Promise.all(names.slice(at, at + atOnce).map((name) => fakeNode({ access, name, status, log, signal: stop.signal })));
process.stdout.write(`${JSON.stringify({ ready: names.length })}\n`);
