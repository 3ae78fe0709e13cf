import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { failed, report } from './report.ts';
import type { Outcome } from './run-seed.ts';
import { runSeeds } from './run-seeds.ts';

/** `./river sim`: plays seeds and says what was seen; ends with 1 when one of them shows something wrong. */

const usage = `Usage: ./river sim [--seeds N] [--first S] [--seed S] [--trace] [--all] [--workers N]

  --seeds N    how many runs (default 200)
  --first S    the number of the first (default 1)
  --seed S     this one only
  --all        go on after a failure
  --trace      print everything that happens
  --workers N  how many at a time (default: one for each core)
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    all: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', default: false },
  },
});

const mostSeeds = 1_000_000_000;

function numberOf(name: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= mostSeeds) return number;
  process.stderr.write(`river sim: --${name} must be a number from ${least} to ${mostSeeds}, not "${text}"\n`);
  process.exit(2);
}

if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const first = numberOf('first', values.seed ?? values.first, 0);
const count = values.seed === undefined ? numberOf('seeds', values.seeds, 1) : 1;
const outcomes: Outcome[] = [];
const startMs = performance.now();
await runSeeds({
  ...{ first, count, isLoud: values.trace, workers: numberOf('workers', values.workers, 1) },
  onOutcome(outcome) {
    outcomes.push(outcome);
    if (outcome.failure !== undefined) process.stdout.write(failed(outcome));
    return outcome.failure === undefined || values.all ? 'go on' : 'enough';
  },
});
const { text, isGood } = report(outcomes, performance.now() - startMs);
process.stdout.write(text);
process.exitCode = isGood ? 0 : 1;
