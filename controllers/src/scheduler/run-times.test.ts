import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Placement } from '@river/crds/kinds';
import { snapshotReader } from './read-snapshot.ts';
import { runTimes } from './run-times.ts';
import { placementObject } from './testing/objects.ts';

const ended = (name: string, seconds: number, phase = 'Succeeded'): Placement => {
  const status = { phase, startTime: '2026-01-01T00:00:00Z', finishTime: new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString() };
  return { ...placementObject(name, { command: ['train'] }), status } as Placement;
};

it('expects work to run as long as such work has run lately, and never longer than it may', () => {
  const times = runTimes();
  const waiting = placementObject('waiting', { command: ['train'], timeout: '1h', gracePeriod: '0s' });
  assert.equal(times.expectedMs(waiting), undefined);
  for (const seconds of [100, 200]) times.learn(ended(`p${seconds}`, seconds));
  times.learn(ended('killed', 5, 'Killed'));
  times.learn(placementObject('running', { command: ['train'], nodeName: 'tiger', epoch: 1 }));
  assert.equal(times.expectedMs(waiting), 130_000);
  assert.equal(times.expectedMs(placementObject('other', { command: ['eval'] })), undefined);

  const read = snapshotReader();
  const objects = { nodes: [], placements: [waiting], queues: [], priorityClasses: [], namespaces: [] };
  const expected = (expectedMs: Parameters<typeof read>[0]['expectedMs']) =>
    read({ ...objects, ...(expectedMs && { expectedMs }) }).pending[0]?.ask.expectedMs;
  assert.equal(expected(undefined), 3_600_000);
  assert.equal(expected(times.expectedMs), 130_000);
  assert.equal(
    expected(() => 1e9),
    3_600_000,
  );
});
