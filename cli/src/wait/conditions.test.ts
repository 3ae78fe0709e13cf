import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, KubeObject } from '@river/crds';
import { isMet, parseWanted, progressOf } from './conditions.ts';
import { parseDurationMs } from './duration.ts';

const object = (status: Json, generation = 1): KubeObject => ({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x', generation }, status });
const condition = (type: string, status: string, observedGeneration?: number): Json => ({
  conditions: [{ type, status, ...(observedGeneration !== undefined && { observedGeneration }) }],
});

describe('wait --for', () => {
  it('reads conditions without regard to case, True when nothing is said', () => {
    assert.equal(isMet(parseWanted('condition=ready'), object(condition('Ready', 'True'))), true);
    assert.equal(isMet(parseWanted('condition=Ready=false'), object(condition('Ready', 'False'))), true);
    assert.equal(isMet(parseWanted('condition=Ready'), object(condition('Ready', 'Unknown'))), false);
  });

  it('does not believe a condition of an older generation', () => {
    assert.equal(isMet(parseWanted('condition=Ready'), object(condition('Ready', 'True', 1), 2)), false);
    assert.equal(isMet(parseWanted('condition=Ready'), object(condition('Ready', 'True', 2), 2)), true);
  });

  it('compares the value at a path, or asks only that there is one', () => {
    assert.equal(isMet(parseWanted('jsonpath={.status.phase}=Running'), object({ phase: 'Running' })), true);
    assert.equal(isMet(parseWanted('jsonpath=.status.phase=Running'), object({ phase: 'Pending' })), false);
    assert.equal(isMet(parseWanted('jsonpath={.status.address}'), object({})), false);
    assert.equal(
      isMet(parseWanted('jsonpath={.status.conditions[?(@.type=="Ready")].status}=True'), object(condition('Ready', 'True'))),
      true,
    );
  });

  it('refuses anything else', () => assert.throws(() => parseWanted('ready'), /--for must be/));
});

describe('apply --wait', () => {
  it('is settled by Ready, Succeeded, Established and the like, and failed by Failed', () => {
    for (const type of ['Ready', 'Available', 'Complete', 'Succeeded', 'Established'])
      assert.equal(progressOf(object(condition(type, 'True')), true), 'settled');
    assert.equal(progressOf(object(condition('Failed', 'True')), true), 'failed');
    assert.equal(progressOf(object(condition('Ready', 'False')), true), 'waiting');
  });

  it('waits for a first word only of kinds whose status somebody writes', () => {
    assert.equal(progressOf(object({}), true), 'waiting');
    assert.equal(progressOf(object({}), false), 'settled');
  });

  it('waits while the status speaks of an older generation', () => {
    assert.equal(progressOf(object({ observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True' }] }, 2), true), 'waiting');
  });
});

describe('durations', () => {
  for (const [text, ms] of [
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['90', 90_000],
    ['1.5s', 1500],
    ['0', 0],
  ] as const)
    it(`reads ${text}`, () => assert.equal(parseDurationMs(text), ms));
  it('takes below zero for a week, as kubectl does', () => assert.equal(parseDurationMs('-1s'), 604_800_000));
  it('refuses what is none', () => assert.throws(() => parseDurationMs('soon'), /no duration/));
});
