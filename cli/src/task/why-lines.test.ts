import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { JsonObject, KubeObject } from '@river/crds';
import { whyLines } from './why-lines.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const lines = (status: JsonObject | undefined) => {
  const object = { apiVersion: 'river.dev/v1', kind: 'Task', metadata: { name: 'a' }, ...(status && { status }) };
  return whyLines(object as KubeObject, 'task/a', now);
};

it('says that nothing has been said', () => {
  assert.deepEqual(lines(undefined), ['task/a is Pending', 'Nothing has been said about it yet.']);
});

it('says why something is over, or where it runs', () => {
  const waiting = { reason: 'Resources' };
  assert.deepEqual(lines({ phase: 'Failed', reason: 'ExitCode', message: 'ended with 3', node: 'n1', waiting }), [
    'task/a is Failed on n1: ExitCode: ended with 3',
  ]);
  assert.deepEqual(lines({ phase: 'Running', node: 'n1' }), ['task/a is Running on n1']);
});

it('says what something waits for, until when, and what keeps it from each node', () => {
  const nodes = [
    { name: 'n1', reason: 'Memory', message: '4Gi are missing' },
    { name: 'node-2', reason: 'Taint' },
  ];
  const waiting = { reason: 'Resources', message: '4Gi of memory on n1', estimatedStartTime: '2026-01-01T00:30:00Z', nodes };
  assert.deepEqual(lines({ phase: 'Pending', waiting }), [
    'task/a is Pending',
    'It waits for: Resources: 4Gi of memory on n1',
    'It is expected to start in about 30 min (2026-01-01T00:30:00Z).',
    '',
    'NODE     KEPT FROM IT BY',
    'n1       Memory            4Gi are missing',
    'node-2   Taint',
  ]);
  assert.match(lines({ phase: 'Pending', waiting: { estimatedStartTime: '2026-01-01T09:00:00Z' } }).join(), /in about 9 h/);
  assert.match(lines({ phase: 'Pending', waiting: { estimatedStartTime: '2025-12-31T09:00:00Z' } }).join(), /within a minute/);
});
