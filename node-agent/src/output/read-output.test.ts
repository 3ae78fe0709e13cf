import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ApiError } from '@river/crds';
import { manualClock } from '@river/runtime';
import { orderOf } from '../driver/driver.contract.ts';
import { type FakeProgram, fakeDriver } from '../driver/fake/fake-driver.ts';
import { keptOutput } from './keep-output.ts';
import type { OutputLine, OutputQuery } from './output-line.ts';
import { readOutput } from './read-output.ts';

const dir = mkdtempSync(join(tmpdir(), 'river-read-'));
const clock = manualClock();
const timer = setInterval(() => clock.advance(100), 1);
after(() => {
  clearInterval(timer);
  rmSync(dir, { recursive: true, force: true });
});

describe('reading output', () => {
  const signal = AbortSignal.timeout(20_000);
  const output = keptOutput({ dir });
  const phases = new Map<string, string>();
  const phaseOf = (uid: string) => (phases.has(uid) ? { phase: phases.get(uid) } : undefined);
  const words = (lines: readonly OutputLine[]) => lines.map(({ bytes }) => bytes.toString().trim());
  const running = async (program: FakeProgram) => {
    const driver = fakeDriver({ clock, images: ['busybox:test'], programOf: () => program });
    const order = orderOf({});
    phases.set(order.uid, 'Running');
    const id = await driver.create(order, signal);
    const read = (query: OutputQuery) => readOutput({ driver, output, phaseOf, clock }, order.uid, query, signal);
    return { driver, id, uid: order.uid, read, all: (query: OutputQuery) => Array.fromAsync(read(query)) };
  };
  const prints: FakeProgram['prints'] = [
    ['stdout', 'a'],
    ['stderr', 'b'],
    ['stdout', 'c'],
  ];
  const gone = async ({ driver, id, uid }: Awaited<ReturnType<typeof running>>) => {
    await output.keep(uid, driver.output(id, {}, signal), 1_000, 1e12);
    await driver.remove(id, signal);
  };

  it('leads who follows from the container to what was kept of it, and shows each line once', async () => {
    const one = await running({ prints, forMs: 3_000 });
    const following = one.all({ follow: true });
    await turn();
    await one.driver.start(one.id, signal);
    while ((await one.driver.observe(signal, one.uid))[0]?.state !== 'exited') await turn();
    await gone(one);
    assert.deepEqual(words(await following), ['a', 'b', 'c']);
  });

  it('goes on in what was kept when the container goes in the middle', async () => {
    const one = await running({ prints, forMs: 1e9 });
    await one.driver.start(one.id, signal);
    const lines = one.read({ follow: true });
    const first = await lines.next();
    await gone(one);
    const rest = await Array.fromAsync(lines);
    assert.deepEqual(words([...(first.done ? [] : [first.value]), ...rest]), ['a', 'b', 'c']);
    assert.deepEqual(words(await one.all({ tail: 1, streams: ['stderr'] })), ['b']);
  });

  it('says what there is not: not begun, ended without output, or of another node', async () => {
    const one = await running({ prints });
    await one.driver.remove(one.id, signal);
    const refused = (query: OutputQuery) =>
      one.all(query).then(
        () => 'shown',
        (error) => (ApiError.is(error) ? error.reason : error),
      );
    assert.equal(await refused({}), 'Conflict');
    phases.set(one.uid, 'Failed');
    assert.equal(await refused({ follow: true }), 'NotFound');
    phases.set(one.uid, 'Starting');
    const waiting = refused({ follow: true });
    await turn();
    phases.set(one.uid, 'Failed');
    assert.equal(await waiting, 'shown');
    phases.delete(one.uid);
    assert.equal(await refused({ follow: true }), 'NotFound');
  });
});
