import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Placement } from '@river/crds/kinds';
import type { Admission, Container } from '../plan/work.ts';
import { isSame } from './report-status.ts';
import { statusOf } from './status-of.ts';

const at = (ms: number) => new Date(ms).toISOString();
const reachable = { type: 'Reachable', status: 'True' as const, reason: 'Heard', message: '', lastTransitionTime: at(1) };
const placement = { metadata: { name: 'p', generation: 4 }, spec: {}, status: { conditions: [reachable] } } as unknown as Placement;
const admission = { uid: 'u1', epoch: 2, admittedMs: 1_000, mayHaveStarted: true } as Admission;
const container: Container = {
  id: 'c1',
  uid: 'u1',
  epoch: 2,
  state: 'running',
  startMs: 2_000,
  address: '10.1.0.2',
  imageDigest: 'sha256:1',
};
const outcome = { phase: 'Failed' as const, reason: 'Error', message: 'exit code 3', exitCode: 3, startMs: 2_000, finishMs: 9_000 };

describe('what a node says of a Placement', () => {
  const cases: [string, Admission, Container | undefined, string][] = [
    ['taken on', admission, undefined, 'Starting'],
    ['made', admission, { ...container, state: 'created' }, 'Starting'],
    ['running', admission, container, 'Running'],
    ['paused', admission, { ...container, state: 'paused' }, 'Paused'],
    ['ended', { ...admission, outcome }, undefined, 'Failed'],
    ['refused', { ...admission, outcome: { phase: 'Rejected', reason: 'DeviceTaken', message: 'x', finishMs: 1 } }, undefined, 'Rejected'],
  ];
  for (const [name, taken, seen, phase] of cases)
    it(`${name}: ${phase}`, () => assert.equal(statusOf(placement, taken, seen).phase, phase));

  it('holds the times of this machine, the code, the epoch, and what others have said', () => {
    const status = statusOf(placement, { ...admission, outcome }, undefined);
    assert.deepEqual(
      [status.exitCode, status.reason, status.startTime, status.finishTime, status.epoch, status.observedGeneration],
      [3, 'Error', at(2_000), at(9_000), 2, 4],
    );
    const finished = status.conditions?.find(({ type }) => type === 'Finished');
    assert.deepEqual([finished?.reason, finished?.lastTransitionTime], ['Failed', at(9_000)]);
    assert.deepEqual(status.conditions?.[0], reachable);
  });

  it('is the same when nothing has changed, so that it is said once', () => {
    const first = statusOf(placement, admission, container);
    const again = statusOf({ ...placement, status: first }, admission, container);
    assert.ok(isSame(first, again));
    const paused = statusOf({ ...placement, status: first }, admission, { ...container, state: 'paused' });
    assert.ok(!isSame(first, paused));
  });

  it('says why something does not start', () => {
    const status = statusOf(placement, { ...admission, mayHaveStarted: false }, undefined, {
      reason: 'ImagePull',
      message: 'no such image',
    });
    assert.deepEqual([status.phase, status.reason, status.message], ['Starting', 'ImagePull', 'no such image']);
  });
});
