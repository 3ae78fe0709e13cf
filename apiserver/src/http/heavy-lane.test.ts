import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { it } from 'node:test';
import { manualClock } from '@river/runtime';
import { heavyLane } from './heavy-lane.ts';

const list = (values: number): Buffer => Buffer.from(JSON.stringify(Array.from({ length: values }, () => 1)));
/** The lane asks a response for nothing but whether it is over. */
const responseOf = (): ServerResponse => Object.assign(new EventEmitter(), { destroyed: false }) as unknown as ServerResponse;
const settle = () => new Promise((resolve) => setImmediate(resolve));
const limits = { bytes: 10, values: 100, mostValues: 1000, mostWaiting: 1, restMsPerValue: 1 };

it('lets light texts through, and heavy ones one at a time with a rest in between', async () => {
  const clock = manualClock();
  const lane = heavyLane(limits, clock);
  const first = responseOf();
  await lane.enter(list(201), first);
  await lane.enter(list(201), first);
  await lane.enter(list(50), responseOf());
  let isIn = false;
  const second = lane.enter(list(201), responseOf()).then(() => {
    isIn = true;
  });
  await assert.rejects(lane.enter(list(201), responseOf()), { reason: 'TooManyRequests' });
  first.emit('close');
  await settle();
  assert.equal(isIn, false);
  clock.advance(200);
  await second;
});

it('refuses what has too many values', async () => {
  await assert.rejects(heavyLane(limits, manualClock()).enter(list(2000), responseOf()), { reason: 'RequestEntityTooLarge' });
});
