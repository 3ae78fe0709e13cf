import assert from 'node:assert/strict';
import { beforeEach, it } from 'node:test';
import { ApiError } from '@river/crds';
import { type ManualClock, manualClock } from '../clock/manual-clock.ts';
import { type WorkQueueOptions, workQueue } from './work-queue.ts';

let clock: ManualClock;
let stop: AbortController;
beforeEach(() => {
  clock = manualClock();
  stop = new AbortController();
});

const queueOf = (run: WorkQueueOptions['run'], more: Partial<WorkQueueOptions> = {}) =>
  workQueue({ run, signal: stop.signal, clock, random: () => 0.5, ...more });
const settle = () => new Promise((resolve) => setImmediate(resolve));

it('works on a key once at a time, and once more if it was added meanwhile', async () => {
  const runs: PromiseWithResolvers<undefined>[] = [];
  const queue = queueOf(() => {
    const run = Promise.withResolvers<undefined>();
    runs.push(run);
    return run.promise;
  });
  queue.add('a');
  for (let times = 0; times < 5; times++) queue.add('a');
  assert.deepEqual([queue.running, queue.waiting, runs.length], [1, 1, 1]);
  runs[0]?.resolve(undefined);
  await settle();
  assert.equal(runs.length, 2);
  runs[1]?.resolve(undefined);
  await queue.idle();
  assert.equal(runs.length, 2);
});

it('works on as many keys at once as it may, in the order in which they came', async () => {
  const open = new Map<string, () => void>();
  const order: string[] = [];
  const queue = queueOf(
    (key) => {
      order.push(key);
      return new Promise((resolve) => open.set(key, () => resolve(undefined)));
    },
    { parallelism: 2 },
  );
  for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
  assert.deepEqual(order, ['a', 'b']);
  open.get('b')?.();
  await settle();
  assert.deepEqual(order, ['a', 'b', 'c']);
  for (const key of ['a', 'c']) open.get(key)?.();
  await settle();
  open.get('d')?.();
  await queue.idle();
  assert.deepEqual(order, ['a', 'b', 'c', 'd']);
});

it('tries a failure again later and later up to a bound, and forgets it after a success', async () => {
  const results = [...Array.from({ length: 5 }, () => new Error('no')), undefined, new Error('no')];
  const queue = queueOf(
    async () => {
      const result = results.shift();
      if (result) throw result;
      return undefined;
    },
    { backoff: { baseMs: 100, maxMs: 800 } },
  );
  const waits: (number | undefined)[] = [];
  queue.add('a');
  for (let tries = 0; tries < 5; tries++) {
    await queue.idle();
    waits.push(clock.nextInMs());
    clock.advance(clock.nextInMs() ?? 0);
  }
  await queue.idle();
  assert.deepEqual(waits, [100, 200, 400, 800, 800]);
  assert.equal(clock.nextInMs(), undefined);
  queue.add('a');
  await queue.idle();
  assert.equal(clock.nextInMs(), 100);
});

it('waits at least as long as the server asks', async () => {
  const queue = queueOf(async () => {
    throw new ApiError('TooManyRequests', 'slow down', { details: { retryAfterSeconds: 9 } });
  });
  queue.add('a');
  await queue.idle();
  assert.equal(clock.nextInMs(), 9_000);
});

it('calls again at the earliest time asked for, and an addition takes the place of that call', async () => {
  let runs = 0;
  const queue = queueOf(async () => (++runs === 1 ? clock.monotonicMs() + 500 : undefined));
  queue.add('a');
  await queue.idle();
  queue.addAt('a', 300);
  queue.addAt('a', 400);
  assert.equal(clock.nextInMs(), 300);
  queue.add('a');
  await queue.idle();
  assert.equal(runs, 2);
  assert.equal(clock.nextInMs(), undefined);
});

it('starts nothing after the signal, and tells what runs', async () => {
  let told = false;
  const queue = queueOf(
    (_key, signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          told = true;
          resolve(undefined);
        }),
      ),
    { parallelism: 1 },
  );
  queue.add('a');
  queue.add('b');
  queue.addAt('c', 1_000);
  stop.abort();
  await queue.idle();
  queue.add('d');
  assert.deepEqual([told, queue.waiting, queue.running, clock.nextInMs()], [true, 0, 0, undefined]);
});

it('forgets a key with its timer and its failures', async () => {
  const queue = queueOf(async () => {
    throw new Error('no');
  });
  queue.add('a');
  await queue.idle();
  queue.forget('a');
  assert.equal(clock.nextInMs(), undefined);
});
