import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { logger, manualClock } from '@river/runtime';
import { freezer } from '../guard/freezer.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { admissionOf } from '../plan/plan.ts';
import type { Work } from '../plan/work.ts';
import { type EndingFenced, endFenced } from './end-fenced.ts';

const clock = manualClock();
const log = logger({ clock, write: () => {} });

describe('fenced work whose lease was taken', () => {
  let dir: string;
  let running: ChildProcess;
  let ended: Promise<unknown>;
  let told: string[];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'river-end-'));
    running = spawn('sleep', ['100']);
    ended = once(running, 'exit');
    told = [];
    mkdirSync(join(dir, 'group/c1'), { recursive: true });
    writeFileSync(join(dir, 'group/c1/cgroup.procs'), `${running.pid}\n`);
  });
  afterEach(async () => {
    running.kill('SIGKILL');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  });
  const journal = () => openJournal(join(dir, 'journal'), log);
  const admit = (into: Journal, uid: string, isFenced: boolean) => {
    const work = { uid, namespace: 'lab', name: uid, epoch: 1, gpus: [], cpus: [], graceMs: 1, isFenced } satisfies Partial<Work>;
    into.put({ ...admissionOf(work as unknown as Work, 1), mayHaveStarted: true });
  };
  const deps = (more: Partial<EndingFenced> = {}): EndingFenced => ({
    node: 'n1',
    journal: journal(),
    link: { freeze: async () => void told.push('frozen') },
    freezer: freezer(join(dir, 'group')),
    nowMs: () => 5,
    onEnded: (uid) => told.push(uid),
    ...more,
  });
  const outcomes = () =>
    Object.fromEntries(
      journal()
        .all()
        .map(({ uid, outcome }) => [uid, outcome?.reason]),
    );

  it('is frozen, noted as lost and killed; what is not fenced goes on', async () => {
    const own = journal();
    admit(own, 'u1', true);
    admit(own, 'u2', false);
    await endFenced(deps({ journal: own }));
    await ended;
    assert.deepEqual(told, ['frozen', 'u1']);
    assert.deepEqual(outcomes(), { u1: 'NodeLost', u2: undefined });
  });

  it('is neither noted nor killed before it stands still', async () => {
    const own = journal();
    admit(own, 'u1', true);
    await assert.rejects(endFenced(deps({ journal: own, link: { freeze: () => Promise.reject(new Error('no guard')) } })), /no guard/);
    assert.deepEqual([outcomes(), running.exitCode, running.signalCode], [{ u1: undefined }, null, null]);
  });

  it('is killed by the next agent when one died after the note, also without any record', async () => {
    const own = journal();
    admit(own, 'u1', true);
    const dies = { isEmpty: () => false, killAll: () => assert.fail('killed -9') };
    await assert.rejects(endFenced(deps({ journal: own, freezer: dies })), /killed -9/);
    assert.deepEqual(outcomes(), { u1: 'NodeLost' });
    await endFenced(deps());
    assert.deepEqual(await ended, [null, 'SIGKILL']);
  });

  it('is nothing, and then nothing is asked', async () => {
    rmSync(join(dir, 'group'), { recursive: true });
    await endFenced(deps({ link: { freeze: () => assert.fail('asked') } }));
  });
});
