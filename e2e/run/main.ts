import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runStep, type Step } from './run-step.ts';
import { addTally, emptyTally, runTests, type Tally } from './run-tests.ts';
import { type AllowedSkip, verdict } from './verdict.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const print = (line: string) => void process.stdout.write(`${line}\n`);
const find = (pattern: string) =>
  globSync(pattern, { cwd: root, exclude: (path) => path === 'node_modules' || path.endsWith('/node_modules') })
    .map((path) => join(root, path))
    .sort();

const isSlow = (file: string) => file.endsWith('.slow.test.ts');
const runnerTests = () => [...find('e2e/layers.test.ts'), ...find('e2e/run/**/*.test.ts')];
const unitFiles = () => [...find('*/src/**/*.test.ts').filter((file) => !isSlow(file)), ...runnerTests()];
const e2eFiles = () => {
  const mine = new Set(runnerTests());
  return [...find('e2e/**/*.test.ts'), ...find('*/src/**/*.slow.test.ts')].filter((file) => !mine.has(file));
};

const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const steps: readonly Step[] = [
  { name: 'lint', command: bin('biome'), args: ['check', '--error-on-warnings', '.'] },
  { name: 'generated files', command: process.execPath, args: ['crds/src/gen.ts', '--check'] },
  { name: 'types', command: bin('tsc'), args: ['--noEmit'] },
];

const unit = () => runTests({ files: unitFiles(), root, concurrency: availableParallelism(), timeoutMs: 120_000, print });

/** One file at a time: they measure time, and they fill the machine themselves. */
const e2e = (files: string[]) => runTests({ files, root, concurrency: 1, timeoutMs: 20 * 60_000, print });

const runSteps = async (): Promise<Tally> => {
  let tally = emptyTally();
  for (const step of steps) tally = addTally(tally, await runStep(step, root, print));
  return tally;
};

const check = async (): Promise<Tally> => {
  const [programs, tests] = await Promise.all([runSteps(), unit()]);
  return addTally(programs, tests);
};

/** As many as fit into a bit more than a minute on two cores; all of them where time is not short. */
const simulation = (seeds: number): Step => ({
  name: `simulator: ${seeds} seeds`,
  command: process.execPath,
  args: ['simulator/src/main.ts', '--seeds', String(seeds)],
});
const [someSeeds, allSeeds] = [300, 2_000];

const quick = () => e2eFiles().filter((file) => !isSlow(file));
const suites: Record<string, () => Promise<Tally>> = {
  check,
  'test unit': unit,
  'test e2e': () => e2e(quick()),
  test: async () => addTally(addTally(await check(), await runStep(simulation(someSeeds), root, print)), await e2e(quick())),
  'test all': async () => addTally(addTally(await check(), await runStep(simulation(allSeeds), root, print)), await e2e(e2eFiles())),
  'test sim': () => runStep(simulation(allSeeds), root, print),
};

process.chdir(root);
const name = process.argv.slice(2).join(' ');
const suite = suites[name];
if (!suite) {
  process.stderr.write(`river: there is no "${name}": try check, test, test unit, test sim, test e2e or test all\n`);
  process.exitCode = 2;
} else {
  const allowed: AllowedSkip[] = JSON.parse(readFileSync(new URL('./allowed-skips.json', import.meta.url), 'utf8'));
  const { lines, ok } = verdict(await suite(), allowed);
  for (const line of lines) print(line);
  process.exitCode = ok ? 0 : 1;
}
