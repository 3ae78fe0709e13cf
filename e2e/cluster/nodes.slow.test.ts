import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../server/eventually.ts';
import { sharedLines, useStage } from './stage.ts';

const resources = { cpu: '100m', memory: '16Mi' };
const mounts = [{ mountPath: '/shared', shared: { path: '' } }];

describe('nodes that leave and come back', () => {
  const used = useStage();
  const idle = { command: ['sleep', '1000'], resources, gracePeriod: '1s' };
  const cancel = (name: string) =>
    used.stage.control.api.merge(`/apis/river.dev/v1/namespaces/default/tasks/${name}`, { spec: { cancel: true } });

  it('a plug that is pulled: what is fenced is begun elsewhere, once; the rest is lost when the node is back, and says so', async () => {
    const { stage } = used;
    const begins = { ...idle, mounts, command: ['sh', '-c', 'echo begun >>/shared/plug; exec sleep 1000'] };
    await stage.submit('plug', { ...begins, retry: { limit: 2, when: ['Lost'], backoff: { initial: '100ms' } } });
    const node = stage.node((await stage.reaches('plug', 'Running')).status?.node ?? '');
    await stage.submit('stays', { ...idle, targets: [node.name] });
    await stage.reaches('stays', 'Running');
    await node.pullPlug();
    const pulledMs = performance.now();
    await stage.reaches('stays', 'Unreachable', 20_000);
    const silentMs = performance.now() - pulledMs;
    await eventually(
      'it was begun elsewhere',
      () => sharedLines(stage, 'plug'),
      ({ length }) => length === 2,
      60_000,
    );
    const replacedMs = performance.now() - pulledMs;
    const { status } = await stage.reaches('plug', 'Running');
    assert.notEqual(status?.node, node.name);
    await node.boot();
    const { status: lost } = await stage.reaches('stays', 'Lost', 60_000);
    assert.deepEqual([lost?.reason, lost?.attempts], ['Infrastructure', 1]);
    await eventually(
      'nothing is left there',
      () => node.docker('ps', '-aq', '--filter', 'label=river.dev/placement-uid'),
      (ids) => ids.trim() === '',
      60_000,
    );
    await stage.submit('afterwards', { command: ['true'], resources, targets: [node.name] });
    await stage.reaches('afterwards', 'Succeeded', 60_000);
    assert.equal((await stage.task('plug')).status?.attempts, 2);
    assert.deepEqual(sharedLines(stage, 'plug'), ['begun', 'begun']);
    await cancel('plug');
    await stage.reaches('plug', 'Killed');
    process.stdout.write(`# plug: unreachable after ${Math.round(silentMs)} ms, replaced after ${Math.round(replacedMs)} ms\n`);
  });

  it('a drain: what is fenced moves, uncounted; the rest ends in its own time; nothing new comes', async () => {
    const { stage } = used;
    await stage.submit('moves', { ...idle, retry: { limit: 1, when: ['Lost'] } });
    const node = stage.node((await stage.reaches('moves', 'Running')).status?.node ?? '');
    await stage.submit('ends', { command: ['sh', '-c', 'sleep 8; exit 5'], resources, targets: [node.name] });
    await stage.reaches('ends', 'Running');
    await stage.drain(node.name, true);
    const moved = await eventually(
      'it has moved',
      () => stage.task('moves'),
      ({ status }) => status?.attempts === 2 && status.phase === 'Running',
      60_000,
    );
    assert.notEqual(moved.status?.node, node.name);
    assert.deepEqual([moved.status?.retries ?? 0, moved.status?.history?.[0]?.reason], [0, 'Drained']);
    const { status } = await stage.reaches('ends', 'Failed', 60_000);
    assert.deepEqual([status?.exitCode, status?.node], [5, node.name]);
    await eventually(
      'it is drained',
      () => stage.condition(node.name, 'Drained'),
      (drained) => drained === 'True',
      40_000,
    );
    await stage.submit('waits', { command: ['true'], resources, targets: [node.name] });
    await eventually(
      'it waits',
      () => stage.task('waits'),
      (task) => task.status?.waiting !== undefined,
    );
    await stage.drain(node.name, false);
    await stage.reaches('waits', 'Succeeded', 60_000);
    await cancel('moves');
    await stage.reaches('moves', 'Killed');
  });
});
