import assert from 'node:assert/strict';
import { it } from 'node:test';
import { logger, manualClock } from '@river/runtime';
import { returnMemory, trimInWorker } from './return-memory.ts';

const MiB = 1024 * 1024;
const settle = () => new Promise((resolve) => setImmediate(resolve));

it('gives memory back while it has more than it once did with and for a while after, and not otherwise', async () => {
  const clock = manualClock();
  const stop = new AbortController();
  let resident = 100 * MiB;
  let trims = 0;
  const trim = async () => {
    trims++;
    return true;
  };
  const running = returnMemory({
    clock,
    signal: stop.signal,
    log: logger({ clock, write: () => {} }),
    residentBytes: () => resident,
    trim,
  });
  const pass = async () => {
    clock.advance(15_000);
    await settle();
  };
  await pass();
  assert.equal(trims, 0);
  resident = 200 * MiB;
  await pass();
  await pass();
  assert.equal(trims, 2);
  resident = 103 * MiB;
  for (let looks = 0; looks < 10; looks++) await pass();
  assert.equal(trims, 6);
  resident = 120 * MiB;
  await pass();
  assert.equal(trims, 7);
  stop.abort();
  await running;
});

it('does so without a word on stderr, in a thread that ends', async () => {
  assert.equal(typeof (await trimInWorker()), 'boolean');
});
