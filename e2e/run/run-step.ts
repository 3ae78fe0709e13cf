import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { emptyTally, type Tally } from './run-tests.ts';

export interface Step {
  name: string;
  command: string;
  args: readonly string[];
}

/** Runs one program of the check; it counts as one test, and is heard only when it fails. */
export const runStep = async (step: Step, root: string, print: (line: string) => void): Promise<Tally> => {
  const started = performance.now();
  const child = spawn(step.command, step.args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const [code] = await once(child, 'close');
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (code === 0) {
    print(`ok     ${step.name} (${seconds} s)`);
    return { ...emptyTally(), passed: 1 };
  }
  const detail = Buffer.concat(output).toString().trimEnd() || `ended with ${code}`;
  print(`FAILED ${step.name} (${seconds} s)\n${detail.replace(/^/gm, '    ')}`);
  return { ...emptyTally(), failed: [{ file: step.name, name: [step.command, ...step.args].join(' '), detail }] };
};
