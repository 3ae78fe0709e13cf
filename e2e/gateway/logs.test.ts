import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, describe, it, type TestContext } from 'node:test';
import type { Task } from '@river/crds/kinds';
import { eventually } from '../server/eventually.ts';
import { memoryOf, startWholeRiver, type WholeRiver } from './stage.ts';

const tasks = { group: 'river.dev', version: 'v1', plural: 'tasks', namespaced: true };
const namespace = 'default';

describe('the output of Tasks, from their node to whoever may read it', { timeout: 400_000 }, () => {
  let river: WholeRiver;
  const submit = (...args: string[]) => river.ctl('task', 'submit', '--image', 'busybox:test', ...args);
  const shell = (name: string, script: string, ...flags: string[]) => submit('--name', name, ...flags, '--', 'sh', '-c', script);
  const logs = (...args: string[]) => river.ctl('task', 'logs', ...args);
  const statusOf = async (name: string) => (await river.client.resource<Task>(tasks).get(name, { namespace })).status ?? {};
  const reaches = (name: string, phase: string) =>
    eventually(
      `${name} is ${phase}`,
      () => statusOf(name),
      (status) => status.phase === phase,
      60_000,
    );
  /** Its container is gone; what is left is what was kept. */
  const isKept = () =>
    eventually(
      'no container is left',
      () => river.dockerd.docker('ps', '-aq', '--filter', 'label=river.dev/placement-uid'),
      (ids) => ids.trim() === '',
      30_000,
    );

  before(async () => {
    river = await startWholeRiver();
  });
  after(() => river?.stop());
  afterEach((context) => {
    if ((context as TestContext).passed === false) process.stderr.write(`${river?.log()}\n`);
  });

  it('is what who waits sees, each stream in its place, with the exit code of the program', async () => {
    const hello = await submit('--name', 'hello', '--wait', '--', 'echo', 'hello');
    assert.deepEqual([hello.code, String(hello.out)], [0, 'hello\n'], hello.err);
    const both = await shell('both', 'echo out; echo err >&2; exit 42', '--wait');
    assert.deepEqual([both.code, String(both.out)], [42, 'out\n']);
    assert.match(both.err, /^err$/m);
    assert.doesNotMatch(both.err, /^out$/m);
  });

  it('is there when its container is long gone, whole or in part', async () => {
    await isKept();
    const shown = await logs('both');
    assert.deepEqual([shown.code, String(shown.out), shown.err], [0, 'out\n', 'err\n']);
    assert.deepEqual([String((await logs('both', '--stdout')).out), (await logs('both', '--stdout')).err], ['out\n', '']);
    assert.equal((await logs('both', '--stderr')).err, 'err\n');
    await shell('many', 'for i in $(seq 100); do echo $i; done', '--wait');
    assert.equal(String((await logs('many', '--tail', '2')).out), '99\n100\n');
    assert.equal(String((await logs('many', '--since', '0s')).out), '');
    assert.equal(String((await logs('many', '--since', '1h')).out).length, 292);
    assert.match(String((await logs('many', '--tail', '1', '--timestamps')).out), /^\d{4}-\d\d-\d\dT[0-9:]{8}\.\d{9}Z 100\n$/);
  });
});
