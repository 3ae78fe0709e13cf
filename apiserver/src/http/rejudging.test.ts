import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { manualClock } from '@river/runtime';
import { rejudging } from './rejudging.ts';

function judging() {
  const clock = manualClock();
  const ending = new AbortController();
  let change = () => {};
  const onChange = (listener: () => void) => {
    change = listener;
    return () => {};
  };
  return {
    clock,
    change: () => change(),
    end: () => ending.abort(),
    ...rejudging({ rights: { onChange }, clock, everyMs: 1_000, signal: ending.signal }),
  };
}

async function pass(clock: ReturnType<typeof manualClock>, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 10) {
    await turn();
    clock.advance(10);
  }
  await turn();
}

describe('what goes on for long', () => {
  it('is judged at once when rights change, and each second', async () => {
    const { clock, change, end, add } = judging();
    let judged = 0;
    const remove = add(() => {
      judged += 1;
    });
    change();
    assert.equal(judged, 1);
    await pass(clock, 3_100);
    assert.equal(judged, 4);
    remove();
    change();
    await pass(clock, 2_000);
    assert.equal(judged, 4);
    end();
  });

  it('is judged a few times, and after the last of them, when rights change ten thousand times', async () => {
    const { clock, change, end, add } = judging();
    let changes = 0;
    let judged = 0;
    let judgedAfter = 0;
    add(() => {
      judged += 1;
      judgedAfter = changes;
    });
    while (changes < 10_000) {
      changes += 1;
      change();
      if (changes % 100 === 0) await pass(clock, 10);
    }
    await pass(clock, 100);
    assert.equal(judgedAfter, changes);
    assert.ok(judged <= 101, `${judged} times`);
    end();
  });
});
