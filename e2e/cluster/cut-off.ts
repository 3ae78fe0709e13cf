import assert from 'node:assert/strict';
import { eventually } from '../server/eventually.ts';
import type { ClusterNode } from './cluster-node.ts';
import { type Stage, sharedLines } from './stage.ts';

/** How a node is cut off, and how it comes back. */
export interface CutOff {
  cut(node: ClusterNode): Promise<void>;
  heal(node: ClusterNode): Promise<void>;
}

/** From the last renewal that can have been sent to the freeze, and what a look here takes. */
const frozenWithinMs = 20_000 + 1_000;

/** Each attempt writes 20 lines a second, with the kernel's time and a name of its own: who ran when is read there, and nowhere else. */
const beats = (file: string) =>
  `me=$(cat /proc/sys/kernel/random/uuid); while read now rest </proc/uptime; do echo "$now $me" >>/shared/${file}; sleep 0.05; done`;

const shared = [{ mountPath: '/shared', shared: { path: '' } }];
const replaceable = { limit: 1, when: ['Lost'], backoff: { initial: '100ms' } };

/**
 * A fenced Task and an unfenced one on a node that is cut off for longer than its lease, and comes back.
 * The first is frozen, begun elsewhere once, and its old attempt does not one step more; the second goes on, ends, and is reported as it was.
 */
export async function survivesCut(stage: Stage, name: string, { cut, heal }: CutOff): Promise<void> {
  const script = (text: string) => ({ command: ['sh', '-c', text], mounts: shared, resources: { cpu: '100m', memory: '16Mi' } });
  await stage.submit(name, { ...script(beats(name)), retry: replaceable });
  const { status } = await stage.reaches(name, 'Running');
  const node = stage.node(status?.node ?? '');
  const free = `${name}-free`;
  const count = `for i in $(seq 1 120); do echo $i >>/shared/${free}; echo $i; sleep 0.1; done; exit 7`;
  await stage.submit(free, { ...script(count), targets: [node.name] });
  await stage.reaches(free, 'Running');
  const writers = () => [...new Set(sharedLines(stage, name).map((line) => line.split(' ')[1]))];
  await eventually('it writes', writers, ({ length }) => length === 1);

  await cut(node);
  const cutMs = performance.now();
  await eventually('it is frozen', node.isFrozen, Boolean, 30_000);
  const frozenMs = performance.now() - cutMs;
  assert.ok(frozenMs <= frozenWithinMs, `frozen ${Math.round(frozenMs)} ms after the node was cut off`);
  const before = sharedLines(stage, name).length;

  await eventually('another attempt runs', writers, ({ length }) => length === 2, 60_000);
  const replacedMs = performance.now() - cutMs;
  const again = await stage.reaches(name, 'Running');
  assert.equal(again.status?.attempts, 2);
  assert.notEqual(again.status?.node, node.name);
  assert.equal(await stage.leaseHolder(node.name), 'river-controllers');

  await heal(node);
  await eventually(
    'the node is heard again',
    () => stage.condition(node.name, 'Reachable'),
    (answers) => answers === 'True',
    60_000,
  );
  assert.match((await stage.leaseHolder(node.name)) ?? '', new RegExp(`^${node.name}_`));
  await eventually('fenced work may run there again', node.isFrozen, (isFrozen) => !isFrozen, 60_000);
  await eventually(
    'the old attempt is gone',
    () => containersOf(stage, node, name),
    (ids) => ids.length === 0,
    60_000,
  );
  await oneAfterTheOther(stage, name, before);
  await wasLeftAlone(stage, free, node);
  await stage.control.api.merge(`/apis/river.dev/v1/namespaces/default/tasks/${name}`, { spec: { cancel: true } });
  const { status: end } = await stage.reaches(name, 'Killed');
  assert.deepEqual([end?.attempts, end?.history?.[0]?.phase, end?.history?.[0]?.reason], [2, 'Lost', 'NodeLost']);
  process.stdout.write(`# ${name}: frozen after ${Math.round(frozenMs)} ms, replaced after ${Math.round(replacedMs)} ms\n`);
}

async function containersOf(stage: Stage, node: ClusterNode, task: string): Promise<string[]> {
  const mine = (await stage.placements()).filter(({ spec }) => spec.owner.name === task && spec.nodeName === node.name);
  const filters = mine.flatMap(({ metadata }) => ['--filter', `label=river.dev/placement-uid=${metadata.uid}`]);
  return (await node.docker('ps', '-aq', ...filters)).split('\n').filter(Boolean);
}

/** The new one goes on for a while, so that the old one would have been heard. */
async function oneAfterTheOther(stage: Stage, name: string, oldLines: number): Promise<void> {
  const length = sharedLines(stage, name).length;
  const lines = await eventually(
    'the new attempt goes on',
    () => sharedLines(stage, name),
    (seen) => seen.length > length + 20,
  );
  const [old, ...others] = [...new Set(lines.map((line) => line.split(' ')[1]))];
  assert.equal(others.length, 1, 'it was begun more than once elsewhere');
  const ofOld = lines.filter((line) => line.endsWith(` ${old}`));
  const ofNew = lines.filter((line) => !line.endsWith(` ${old}`));
  assert.ok(ofOld.length <= oldLines + 1, `the old attempt wrote ${ofOld.length - oldLines} lines after it was frozen`);
  const stamp = (line = '') => Number(line.split(' ')[0]);
  assert.ok(stamp(ofOld.at(-1)) <= stamp(ofNew[0]), 'the old attempt ran beside the new one');
  assert.deepEqual(lines, [...ofOld, ...ofNew], 'a line of the old attempt came after one of the new');
}

async function wasLeftAlone(stage: Stage, name: string, node: ClusterNode): Promise<void> {
  const { status } = await stage.reaches(name, 'Failed', 60_000);
  assert.deepEqual([status?.exitCode, status?.attempts, status?.node], [7, 1, node.name]);
  const counted = Array.from({ length: 120 }, (_, index) => String(index + 1));
  assert.deepEqual(sharedLines(stage, name), counted);
  const placement = (await stage.placements()).find(({ spec }) => spec.owner.name === name);
  const said = await eventually(
    'its output is kept',
    () => node.output(placement?.metadata.uid ?? ''),
    (lines) => lines.length > 0,
  );
  assert.deepEqual(
    said,
    counted.map((line) => `stdout: ${line}`),
  );
}
