import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from '@river/crds';
import { Node, Task, TaskSet } from '@river/crds/kinds';
import { nodeDraft, setDraft, taskDraft } from '../testing/stage.ts';
import type { Edit } from './apply-edits.ts';
import { copyCluster } from './settle.ts';
import { whatIf } from './what-if.ts';

const now = { monotonicMs: 0, wallMs: Date.UTC(2026, 0, 1) };
let made = 0;
const live = (object: unknown): KubeObject => {
  const found = object as KubeObject;
  made++;
  const own = { uid: `live-${made}`, resourceVersion: String(made), creationTimestamp: '2025-12-31T00:00:00Z', generation: 1 };
  return { ...found, metadata: { ...found.metadata, ...own } };
};
const ready = { type: 'Ready', status: 'True', reason: 'Fine', message: '', lastTransitionTime: '2025-12-31T00:00:00Z' };
const node = (name: string, cpu: string, spec: object = {}) =>
  live({ ...Node.parse(nodeDraft(name, spec)), status: { allocatable: { cpu, memory: '64Gi' }, conditions: [ready] } });
const task = (name: string, spec: object = {}) => live(Task.parse(taskDraft(name, spec)));
const put = (object: unknown): Edit => ({ put: object as KubeObject });
const newTask = (name: string, spec: object = {}) => put(Task.parse(taskDraft(name, spec)));
const cores = (cpu: string, more: object = {}) => ({ resources: { cpu }, ...more });

/** A cluster as it stands when everything has come to rest. */
const atRest = (...objects: KubeObject[]): KubeObject[] => {
  const copy = copyCluster(objects, now);
  copy.settle();
  return ['Task', 'TaskSet', 'Placement', 'Node'].flatMap((kind) => copy.table.all(kind));
};

const told = ({ starts, ends, waits }: ReturnType<typeof whatIf>) => [
  ...starts.map(({ task: name, set, node: on }) => `${set ? `${set.name}[${set.index}]` : name} starts on ${on}`),
  ...ends.map(({ task: name, reason, forTask }) => `${name} ends: ${reason}${forTask ? ` for ${forTask}` : ''}`),
  ...waits.map(({ task: name, set, reason }) => `${set ? `${set.name}[${set.index}]` : name} waits: ${reason}`),
];

describe('what if', () => {
  it('tells where a new Task starts, and nothing of what stays as it is', () => {
    const cluster = atRest(node('ant', '4'), node('bee', '8'), task('old', cores('2')));
    assert.deepEqual(told(whatIf(cluster, [newTask('new', cores('7'))], now)), ['new waits: Resources']);
    assert.deepEqual(told(whatIf(cluster, [newTask('new', cores('4'))], now)), ['new starts on bee']);
    assert.deepEqual(told(whatIf(cluster, [], now)), []);
  });

  it('leaves what it was given as it was', () => {
    const cluster = atRest(node('ant', '4'), task('old', cores('2')));
    const before = structuredClone(cluster);
    whatIf(cluster, [newTask('new', cores('1')), { remove: cluster[0] as KubeObject }], now);
    assert.deepEqual(cluster, before);
  });

  it('tells who is sent away for whom, and what becomes of who was sent away', () => {
    const cluster = atRest(node('ant', '4'), task('low', cores('3', { priority: 1 })));
    const outcome = whatIf(cluster, [newTask('high', cores('3', { priority: 100 }))], now);
    assert.deepEqual(told(outcome), ['high starts on ant', 'low ends: Preempted for high', 'low waits: Resources']);
  });

  it('tells what a drained, cordoned or removed node comes to', () => {
    const cluster = atRest(node('ant', '4'), node('bee', '4'), task('fenced', cores('3', { onDisconnect: 'Fence' })));
    const [home] = cluster.filter(({ kind }) => kind === 'Placement') as (KubeObject & { spec: { nodeName: string } })[];
    const held = cluster.find(({ metadata }) => metadata.name === home?.spec.nodeName) as KubeObject & { spec: object };
    const other = held.metadata.name === 'ant' ? 'bee' : 'ant';
    const drained = { ...held, spec: { ...held.spec, drain: true } };
    assert.deepEqual(told(whatIf(cluster, [put(drained)], now)), [`fenced starts on ${other}`, 'fenced ends: Drained']);
    assert.deepEqual(told(whatIf(cluster, [{ remove: held }], now)), [`fenced starts on ${other}`, 'fenced ends: Drained']);
    const cordoned = { ...held, spec: { ...held.spec, unschedulable: true } };
    assert.deepEqual(told(whatIf(cluster, [put(cordoned), newTask('new', cores('1'))], now)), [`new starts on ${other}`]);
  });

  it('tells what starts in the room of what is deleted', () => {
    const cluster = atRest(node('ant', '4'), task('first', cores('4')), task('second', cores('4')));
    const first = cluster.find(({ kind, metadata }) => kind === 'Task' && metadata.name === 'first') as KubeObject;
    assert.deepEqual(told(whatIf(cluster, [{ remove: first }], now)), ['second starts on ant', 'first ends: Deleted']);
  });

  it('tells that all in a namespace ends with it', () => {
    const lab = live({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } });
    const cluster = [...atRest(node('ant', '4'), task('inside', cores('4'))), lab];
    assert.deepEqual(told(whatIf(cluster, [{ remove: lab }], now)), ['inside ends: Deleted']);
  });

  it('counts the Tasks of a set, as far as they are made', () => {
    const set = put(TaskSet.parse(setDraft('sweep', { count: 1_000, parallelism: 3, template: { spec: { image: 'b', ...cores('1') } } })));
    assert.deepEqual(told(whatIf(atRest(node('ant', '2')), [set], now)), [
      'sweep[0] starts on ant',
      'sweep[1] starts on ant',
      'sweep[2] waits: Resources',
    ]);
  });

  it('says what holds a Task up before there is anything to place, and what is wrong with a set', () => {
    const cluster = atRest(node('ant', '4'));
    const outcome = whatIf(
      cluster,
      [newTask('careful', { approval: { required: true } }), newTask('after', { dependsOn: [{ name: 'careful' }] })],
      now,
    );
    assert.deepEqual(told(outcome), ['careful waits: Approval', 'after waits: Dependency']);
    const bad = TaskSet.parse(
      setDraft('bad', {
        sweep: {
          mode: 'Zip',
          parameters: [
            { name: 'a', values: ['1'] },
            { name: 'b', values: ['1', '2'] },
          ],
        },
      }),
    );
    assert.deepEqual(
      whatIf(cluster, [put(bad)], now).warnings.map(({ name, reason }) => `${name}: ${reason}`),
      ['bad: Invalid'],
    );
  });

  it('tells of hundreds among thousands', () => {
    const nodes = Array.from({ length: 200 }, (_, at) => node(`n${at}`, '16'));
    const tasks = Array.from({ length: 2_000 }, (_, at) => task(`t${at}`, cores('1')));
    const cluster = atRest(...nodes, ...tasks);
    const set = put(TaskSet.parse(setDraft('sweep', { count: 500, parallelism: 500, template: { spec: { image: 'b', ...cores('1') } } })));
    assert.equal(whatIf(cluster, [set], now).starts.length, 500);
  });
});
