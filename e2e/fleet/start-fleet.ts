import { fileURLToPath } from 'node:url';
import { eventually } from '../server/eventually.ts';
import { type Program, startProgram } from '../server/program.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** So many fake nodes, in a process of their own, when all of them are there. */
export async function startFleet(kubeconfig: string, nodes: number, status: object): Promise<Program> {
  const flags = ['--kubeconfig', kubeconfig, '--nodes', String(nodes), '--status', JSON.stringify(status)];
  const program = startProgram(process.execPath, [main, ...flags]);
  const isReady = (log: string) => log.includes('"ready"');
  await eventually('the fake nodes are there', () => program.log(), isReady, 60_000 + nodes * 100);
  return program;
}
