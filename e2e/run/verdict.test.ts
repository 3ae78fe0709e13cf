import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emptyTally } from './run-tests.ts';
import { verdict } from './verdict.ts';

const skip = { file: 'e2e/a.test.ts', name: 'suite › runs', detail: 'etcd is not installed' };

describe('verdict', () => {
  it('ends with one line that counts', () => {
    const { lines, ok } = verdict({ ...emptyTally(), passed: 3 }, []);
    assert.deepEqual(lines, ['3 passed, 0 failed, 0 skipped']);
    assert.equal(ok, true);
  });

  it('fails on a skip that nobody allowed, and shows its reason', () => {
    const { lines, ok } = verdict({ ...emptyTally(), passed: 3, skipped: [skip] }, []);
    assert.match(lines[0] as string, /etcd is not installed.*NOT ALLOWED/);
    assert.equal(lines.at(-1), '3 passed, 1 failed, 0 skipped');
    assert.equal(ok, false);
  });

  it('shows an allowed skip and passes, only for the reason that was allowed', () => {
    const allowed = { file: 'e2e/a.test.ts', name: 'runs', reason: 'etcd' };
    assert.equal(verdict({ ...emptyTally(), passed: 1, skipped: [skip] }, [allowed]).ok, true);
    assert.equal(verdict({ ...emptyTally(), passed: 1, skipped: [{ ...skip, detail: 'too slow' }] }, [allowed]).ok, false);
  });

  it('does not call a run good in which nothing ran', () => {
    assert.equal(verdict(emptyTally(), []).ok, false);
  });
});
