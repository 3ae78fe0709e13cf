import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { silentLogger } from '@river/runtime';
import type { Admission } from '../plan/work.ts';
import { openJournal } from './journal.ts';

const dir = mkdtempSync(join(tmpdir(), 'river-journal-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const admission: Admission = {
  uid: 'u-1',
  namespace: 'lab',
  name: 't-one-1',
  epoch: 1,
  gpus: [0, 3],
  cpus: [],
  isFenced: true,
  graceMs: 30_000,
  admittedMs: 5,
  mayHaveStarted: false,
};

describe('the journal', () => {
  it('knows after a restart what it was told, and forgets what it was told to forget', () => {
    const journal = openJournal(dir, silentLogger);
    journal.put(admission);
    journal.put({ ...admission, uid: 'u-2' });
    journal.put({ ...admission, mayHaveStarted: true });
    journal.drop('u-2');
    assert.deepEqual(openJournal(dir, silentLogger).all(), [{ ...admission, mayHaveStarted: true }]);
  });

  it('is not harmed by a write that was cut off, and puts aside what it cannot read', () => {
    writeFileSync(join(dir, 'u-1.json.123.new'), '{"uid":"u-');
    writeFileSync(join(dir, 'u-9.json'), '{"uid":"u-9","epoch":"two"}');
    writeFileSync(join(dir, 'u-8.json'), '{"uid"');
    assert.deepEqual(
      openJournal(dir, silentLogger)
        .all()
        .map(({ uid }) => uid),
      ['u-1'],
    );
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.endsWith('.unreadable')),
      ['u-8.json.unreadable', 'u-9.json.unreadable'],
    );
  });

  it('takes no name that leads elsewhere', () => {
    const journal = openJournal(dir, silentLogger);
    assert.throws(() => journal.put({ ...admission, uid: '../../etc/passwd' }), /is no uid/);
    assert.throws(() => journal.drop('../u-1'), /is no uid/);
  });
});
