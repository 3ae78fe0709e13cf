import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../server/eventually.ts';
import { startWholeRiver, type WholeRiver } from './stage.ts';

const tour = fileURLToPath(new URL('../../examples/tour', import.meta.url));

/** Each manifest of the tour as it is, as the README has it. */
describe('the tour', { timeout: 300_000 }, () => {
  let river: WholeRiver;
  before(async () => {
    river = await startWholeRiver();
  });
  after(() => river?.stop());

  const apply = async (file: string) => {
    const { code, err } = await river.ctl('apply', '-f', `${tour}/${file}`);
    assert.equal(code, 0, err);
  };
  const said = async (task: string) => {
    const { code, out, err } = await river.ctl('task', 'logs', task, '-f');
    assert.equal(code, 0, err + river.log());
    return String(out);
  };
  /** Of the Tasks of a set, once all are made. */
  const saidBy = async (set: string, count: number) => {
    const names = await eventually(
      `${set} has made its Tasks`,
      async () => String((await river.ctl('get', 'tasks', '-o', 'name')).out).match(new RegExp(`${set}-[-a-z0-9]+`, 'g')) ?? [],
      (found) => found.length === count,
      60_000,
    );
    return (await Promise.all(names.map(said))).sort();
  };

  const steps: Record<string, () => Promise<void>> = {
    '1-hello.yaml': async () => assert.match(await said('hello'), /^hello from \S+\n$/),
    '2-many.yaml': async () =>
      assert.deepEqual(
        await saidBy('many', 5),
        [0, 1, 2, 3, 4].map((number) => `number ${number}\n`),
      ),
    '3-sweep.yaml': async () =>
      assert.deepEqual(
        (await saidBy('sweep', 4)).map((line) => line.slice(3)),
        ['lr 0.1, batch 64\n', 'lr 0.1, batch 256\n', 'lr 0.01, batch 64\n', 'lr 0.01, batch 256\n'],
      ),
    '4-after.yaml': async () => assert.deepEqual([await said('evaluate'), await said('prepare')], ['evaluated\n', 'prepared\n']),
    '5-approval.yaml': async () => {
      await eventually(
        'it waits',
        () => river.ctl('get', 'task', 'large'),
        ({ out }) => out.includes('PendingApproval'),
      );
      assert.equal((await river.ctl('task', 'approve', 'large')).code, 0);
      assert.equal(await said('large'), 'somebody has agreed\n');
    },
    '6-fence.yaml': async () => assert.equal(await said('once'), 'only here\n'),
  };

  it('has no file that is not tried here', () => assert.deepEqual(readdirSync(tour).sort(), Object.keys(steps)));

  for (const [file, look] of Object.entries(steps)) {
    it(`${file} works as it is`, async () => {
      await apply(file);
      await look();
    });
  }

  it('goes away as a whole', async () => {
    const { code, err } = await river.ctl('delete', '-f', tour);
    assert.equal(code, 0, err);
    assert.match((await river.ctl('task', 'logs', 'hello')).err, /tasks.river.dev "hello" not found/);
  });
});
