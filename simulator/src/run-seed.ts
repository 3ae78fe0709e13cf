import type { Act } from './act.ts';
import { leaseTaken } from './check/coverage.ts';
import { unrest, wrongAtRest } from './check/rest.ts';
import { endFaults, longestSilenceMs, planFaults, silenceOne } from './faults/plan-faults.ts';
import { planPeople, tidyUp } from './people/plan-people.ts';
import type { Prepared } from './server/prepared-store.ts';
import { makeWorld, type World } from './world.ts';

/** What came of one seed. */
export interface Outcome {
  seed: number;
  /** The first thing that was wrong. */
  failure?: string;
  /** The same for the same seed, always. */
  digest: string;
  lines: number;
  steps: number;
  virtualMs: number;
  counts: ReadonlyMap<string, number>;
  last: readonly string[];
}

const leastLines = 200;
const leastFaults = 3;
/** So long after the last fault all must be at rest. */
const restWithinMs = 300_000;
const lookMs = 500;
const quietMs = 1_500;

/** Plays one seed from its beginning to its rest, and judges every step. */
export async function runSeed(seed: number, prepared: Prepared, onLine?: (line: string) => void): Promise<Outcome> {
  const world = await makeWorld(seed, prepared, onLine);
  const { timeline, trace, coverage, failures } = world;
  const stray = strayFailures((what) => failures.push(what));
  const untilMs = world.dice.between(22_000, 34_000);
  begin(world);
  const { acts, isControlCalm, silentAt } = planFaults(world.dice.fork('faults'), untilMs);
  world.silent.at = silentAt;
  if (!isControlCalm || world.controls[1]?.isAlive) coverage.count('a run with trouble among those who decide');
  for (const act of acts) schedule(world, act, 'fault');
  for (const act of planPeople(world.dice.fork('people'), untilMs)) schedule(world, act, 'people');
  await play(world, untilMs, () => false);
  await play(world, untilMs + longestSilenceMs, () => coverage.counts.has(leaseTaken));
  if (!coverage.counts.has(leaseTaken) && failures.length === 0) {
    silenceOne(world, world.dice.fork('silence'));
    await play(world, untilMs + 2 * longestSilenceMs, () => coverage.counts.has(leaseTaken));
  }
  endFaults(world);
  trace.tell('no fault from here on');
  await rest(world);
  if (failures.length === 0) judgeRun(world, acts.length);
  const [failure] = failures;
  const { lines } = trace;
  const whole = { seed, digest: trace.digest(), lines, steps: timeline.steps, virtualMs: timeline.nowMs, last: [...trace.last()] };
  stray.stop();
  await retire(world);
  return { ...whole, counts: coverage.counts, ...(failure !== undefined && { failure }) };
}

/** A promise that fails and that nobody waits for is a bug of whoever made it. */
function strayFailures(fail: (what: string) => void) {
  const onStray = (error: unknown) => fail(`nobody waits for what has failed: ${error instanceof Error ? error.stack : error}`);
  process.on('unhandledRejection', onStray);
  return { stop: () => void process.off('unhandledRejection', onStray) };
}

/** Calls off whatever still waits, so that nothing of this run is kept. What comes of it is not looked at. */
async function retire({ nodes, controls, server }: World): Promise<void> {
  const ignore = () => {};
  process.on('unhandledRejection', ignore);
  for (const { machine } of [...nodes, ...controls]) machine.retire();
  server.crash();
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', ignore);
}

function begin(world: World): void {
  const { dice, controls, nodes, timeline } = world;
  const [first, second] = controls;
  timeline.at(dice.between(0, 300), () => first?.start('in turn'));
  if (dice.chance(0.35)) timeline.at(dice.between(200, 3_000), () => second?.start('in turn'));
  for (const node of nodes)
    timeline.at(dice.between(0, 1_000), () => {
      node.startGuard();
      node.startAgent();
    });
}

function schedule(world: World, act: Act, by: string): void {
  world.timeline.at(act.atMs, () => {
    world.trace.tell(`${by}: ${act.name}`);
    world.coverage.count(`${by}: ${act.name}`);
    act.do(world);
  });
}

/** Goes on until the time, or until it holds, or until something is wrong. */
async function play(world: World, untilMs: number, holds: () => boolean): Promise<void> {
  const { timeline, invariants, failures } = world;
  while (failures.length === 0 && !holds()) {
    const isMore = await timeline.step(untilMs);
    invariants.afterStep();
    if (!isMore) return;
  }
}

async function rest(world: World): Promise<void> {
  const { timeline, failures } = world;
  const lastMs = timeline.nowMs + restWithinMs;
  let tidyAtMs = 0;
  for (let why = unrest(world); why !== undefined; why = unrest(world)) {
    if (failures.length > 0) return;
    if (timeline.nowMs >= lastMs) return void failures.push(`there is no rest ${restWithinMs / 1000} s after the last fault: ${why}`);
    if (timeline.nowMs >= tidyAtMs) {
      tidyUp(world);
      tidyAtMs = timeline.nowMs + 4 * lookMs;
    }
    await play(world, timeline.nowMs + lookMs, () => false);
  }
  await play(world, timeline.nowMs + quietMs, () => false);
}

/** A run in which little went wrong shows little: then the plan is at fault. */
function judgeRun(world: World, faults: number): void {
  const { trace, coverage, failures } = world;
  failures.push(...wrongAtRest(world));
  const taken = coverage.counts.get(leaseTaken) ?? 0;
  if (trace.lines < leastLines || faults < leastFaults || taken < 1)
    failures.push(`this run shows too little: ${trace.lines} events, ${faults} faults, ${taken} leases taken`);
}
