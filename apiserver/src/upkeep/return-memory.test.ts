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
  let busy = 0.1;
  let connected = 1;
  let trims = 0;
  const wishes: boolean[] = [];
  const trim = async () => {
    trims++;
    return true;
  };
  const running = returnMemory({
    clock,
    signal: stop.signal,
    log: logger({ clock, write: () => {} }),
    residentBytes: () => resident,
    busyShare: () => busy,
    connections: async () => connected,
    saveMemory: (isWanted) => wishes.push(isWanted),
    trim,
  });
  const pass = async () => {
    clock.advance(10_000);
    await settle();
  };
  await pass();
  assert.equal(trims, 0);
  resident = 200 * MiB;
  busy = 0.9;
  await pass();
  assert.deepEqual(wishes, [], 'not while there is much else to do');
  busy = 0.1;
  connected = 100;
  await pass();
  assert.deepEqual(wishes, [], 'not while the crowd is there');
  connected = 40;
  await pass();
  assert.equal(trims, 3);
  assert.deepEqual(wishes, [true]);
  resident = 103 * MiB;
  for (let looks = 0; looks < 10; looks++) await pass();
  assert.equal(trims, 8);
  assert.deepEqual(wishes, [true, false]);
  resident = 120 * MiB;
  await pass();
  assert.equal(trims, 9);
  assert.deepEqual(wishes, [true, false, true]);
  stop.abort();
  await running;
});

it('does so without a word on stderr, in a thread that ends', async () => {
  assert.equal(typeof (await trimInWorker()), 'boolean');
});
