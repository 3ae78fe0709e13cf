import assert from 'node:assert/strict';
import { it } from 'node:test';
import { manualClock } from '@river/runtime';
import { returnMemory, trim } from './return-memory.ts';

const MiB = 1024 * 1024;
const settle = () => new Promise((resolve) => setImmediate(resolve));

it('gives memory back while it has more than it once did with and for a while after, and not otherwise', async () => {
  const clock = manualClock();
  const stop = new AbortController();
  let resident = 100 * MiB;
  let busy = 0.05;
  let connected = 1;
  let trims = 0;
  const wishes: boolean[] = [];
  const countTrim = () => {
    trims++;
    return true;
  };
  const running = returnMemory({
    clock,
    signal: stop.signal,
    residentBytes: () => resident,
    busyShare: () => busy,
    connections: async () => connected,
    saveMemory: (isWanted) => wishes.push(isWanted),
    trim: countTrim,
  });
  const pass = async () => {
    clock.advance(2_000);
    await settle();
  };
  await pass();
  assert.equal(trims, 0);
  resident = 200 * MiB;
  busy = 0.9;
  await pass();
  assert.deepEqual(wishes, [], 'not while there is much else to do');
  busy = 0.05;
  connected = 100;
  await pass();
  assert.deepEqual(wishes, [], 'not while the crowd is there');
  connected = 40;
  await pass();
  assert.equal(trims, 3);
  assert.deepEqual(wishes, [true]);
  resident = 103 * MiB;
  for (let looks = 0; looks < 50; looks++) await pass();
  assert.equal(trims, 40);
  assert.deepEqual(wishes, [true, false]);
  resident = 120 * MiB;
  await pass();
  assert.equal(trims, 41);
  assert.deepEqual(wishes, [true, false, true]);
  stop.abort();
  await running;
});

const isGlibc = JSON.stringify(process.report.getReport()).includes('glibcVersionRuntime');

it('finds the C library', { skip: !isGlibc && 'this C library has no malloc_trim' }, () => {
  assert.equal(trim(), true);
});
