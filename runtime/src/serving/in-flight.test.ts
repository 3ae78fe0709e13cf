import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ApiError } from '@river/crds';
import { inFlight } from './in-flight.ts';

const refused = (error: unknown) => ApiError.is(error, 'TooManyRequests') && error.details?.retryAfterSeconds === 1;

it('bounds what one client has under way, without a say in what others may', () => {
  const gate = inFlight({ perClient: 2, total: 3 }, 'requests');
  const leave = gate.enter('greedy');
  gate.enter('greedy');
  assert.throws(() => gate.enter('greedy'), refused);
  gate.enter('modest');
  assert.throws(() => gate.enter('third'), refused, 'all together are bounded too');
  leave();
  leave();
  gate.enter('third');
  assert.throws(() => gate.enter('greedy'), refused, 'an end counts once');
});

it('forgets clients that have nothing under way', () => {
  const gate = inFlight({ perClient: 1, total: 1 }, 'requests');
  for (let at = 0; at < 1000; at++) gate.enter(`client ${at}`)();
  gate.enter('another');
});
