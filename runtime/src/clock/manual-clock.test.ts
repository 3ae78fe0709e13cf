import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sleep } from './clock.ts';
import { manualClock } from './manual-clock.ts';

it('runs timers in order, each at its own moment, also those set on the way', () => {
  const clock = manualClock();
  const rang: string[] = [];
  const ring = (name: string) => () => rang.push(`${name}@${clock.monotonicMs()}`);
  clock.after(20, ring('b'));
  clock.after(10, () => clock.after(5, ring('a')));
  const cancel = clock.after(12, ring('never'));
  cancel();
  clock.after(40, ring('later'));
  clock.advance(30);
  assert.deepEqual(rang, ['a@15', 'b@20']);
  assert.equal(clock.nextInMs(), 10);
});

it('wakes a sleeper early with the reason of its signal, and leaves no timer behind', async () => {
  const clock = manualClock();
  const stop = new AbortController();
  const sleeping = assert.rejects(sleep(clock, 1_000, stop.signal), /enough/);
  stop.abort(new Error('enough'));
  await sleeping;
  assert.equal(clock.nextInMs(), undefined);
});
