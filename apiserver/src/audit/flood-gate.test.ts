import assert from 'node:assert/strict';
import { it } from 'node:test';
import { manualClock } from '@river/runtime';
import { floodGate } from './flood-gate.ts';

const limits = { burst: 3, perSecond: 1, shares: 2, named: 2 };

it('lets a few through at once, then some a second, and counts the others', () => {
  const clock = manualClock();
  const gate = floodGate(limits, clock);
  const lets = (share: string, source: string) => Array.from({ length: 5 }, () => gate.lets(share, source)).filter(Boolean).length;
  assert.equal(lets('nobody', '10.0.0.1'), 3);
  assert.equal(lets('nobody', '10.0.0.2'), 0, 'other addresses have no share of their own');
  assert.equal(lets('bob', 'bob'), 3, 'others do not suffer from it');
  clock.advance(2_000);
  assert.equal(lets('nobody', '10.0.0.3'), 2);
  const { count, sources } = gate.take() ?? {};
  assert.equal(count, 2 + 5 + 2 + 3);
  assert.deepEqual(sources, { '10.0.0.1': 2, '10.0.0.2': 5, others: 5 });
  assert.equal(gate.take(), undefined);
  assert.equal(gate.total(), 12);
});

it('keeps only so many apart', () => {
  const gate = floodGate(limits, manualClock());
  const let100 = Array.from({ length: 100 }, (_, at) => gate.lets(`user ${at}`, `user ${at}`)).filter(Boolean);
  assert.equal(let100.length, 2 + 3);
});
