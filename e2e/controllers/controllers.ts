import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { kubeconfigText } from '@river/runtime';
import { within } from '../server/eventually.ts';
import { type Program, startProgram } from '../server/program.ts';
import type { RunningServer } from '../server/start-server.ts';

const main = fileURLToPath(new URL('../../controllers/src/main.ts', import.meta.url));

/** Who the programs are, by the tokens with which they come. */
export const users = {
  controllers: { user: 'system:river-controllers', groups: [] },
  scheduler: { user: 'system:river-scheduler', groups: [] },
  'node-n1': { user: 'system:node:n1', groups: ['system:nodes'] },
  'node-n2': { user: 'system:node:n2', groups: ['system:nodes'] },
};

/** The controllers, in a process of their own that follows the cluster. */
export async function startControllers(
  server: RunningServer,
  options: { url?: string; hasScheduler?: boolean } = {},
): Promise<Program & { metrics: string }> {
  const kubeconfigOf = (user: string) => {
    const kubeconfig = join(server.dir, `${user}.kubeconfig`);
    const access = { server: options.url ?? server.url, authority: server.ca, user, credentials: { token: user } };
    writeFileSync(kubeconfig, kubeconfigText(access), { mode: 0o600 });
    return kubeconfig;
  };
  const scheduler = options.hasScheduler ? ['--scheduler-kubeconfig', kubeconfigOf('scheduler')] : [];
  const args = ['--kubeconfig', kubeconfigOf('controllers'), ...scheduler, '--metrics', '0', '--verbose'];
  const program = startProgram(process.execPath, [main, ...args]);
  const ready = new Promise<{ metrics: string }>((resolve, reject) => {
    program.child.once('exit', (code) => reject(new Error(`the controllers ended (${code}) before they were ready:\n${program.log()}`)));
    if (program.child.stdout)
      createInterface({ input: program.child.stdout }).on('line', (line) => {
        if (line.includes('"ready":true')) resolve(JSON.parse(line));
      });
  });
  const { metrics } = await within('the controllers follow the cluster', ready, program.log, 30_000);
  return { ...program, metrics };
}
