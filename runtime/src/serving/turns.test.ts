import assert from 'node:assert/strict';
import { it } from 'node:test';
import { manualClock } from '../clock/manual-clock.ts';
import { turns } from './turns.ts';

it('does short work at once, and the rest of long work after others had a turn, in the order in which it came', () => {
  const clock = manualClock();
  const run = turns(clock, 5);
  const done: string[] = [];
  const job = (name: string, steps: number) => () => {
    clock.advance(2);
    done.push(name);
    return --steps === 0;
  };
  run(job('a', 1));
  assert.deepEqual(done, ['a']);
  run(job('b', 4));
  run(job('c', 1));
  assert.deepEqual(done, ['a', 'b', 'b']);
  clock.advance(0);
  assert.deepEqual(done, ['a', 'b', 'b', 'b', 'b', 'c']);
});
