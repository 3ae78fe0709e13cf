import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { isFinalPhase } from '@river/crds';
import { Node, Placement, Task, TaskSet } from '@river/crds/kinds';
import { isOver } from '../placement/placement-state.ts';
import { type MemoryCluster, memoryCluster } from '../testing/memory-cluster.ts';
import { nodeDraft, type Stage, setDraft, stageOf, taskDraft } from '../testing/stage.ts';
import { indexLabel, memberName } from './members.ts';
import { reconcileTaskSet } from './reconcile-task-set.ts';

let cluster: MemoryCluster;
let stage: Stage;
beforeEach(() => {
  cluster = memoryCluster();
  stage = stageOf(cluster);
  cluster.add(Node, nodeDraft('n1'));
  stage.renew('n1');
});

const submit = (spec: object): TaskSet => {
  const set = cluster.add(TaskSet, setDraft('s', spec));
  cluster.settle();
  return set;
};
const set = () => cluster.get(TaskSet, 's', 'lab') as TaskSet;
const status = () => set().status;
const members = () => cluster.all(Task);
const indexOf = ({ metadata }: Task) => Number(metadata.labels?.[indexLabel]);
const underWay = () => members().filter((task) => !isFinalPhase(task.status?.phase));
/** Every attempt that is under way ends as it is told. */
const endAll = (phaseOf: (index: number) => string = () => 'Succeeded') => {
  stage.bind();
  for (const task of underWay()) {
    const placement = cluster.all(Placement).find((each) => each.spec.owner.uid === task.metadata.uid && !isOver(each));
    if (placement)
      cluster.edit(placement, (next) => {
        next.status = { ...next.status, phase: phaseOf(indexOf(task)) as 'Succeeded' };
      });
  }
  cluster.settle();
};
const envOf = (task: Task | undefined) => Object.fromEntries((task?.spec.env ?? []).map(({ name, value }) => [name, value]));

describe('a TaskSet', () => {
  it('makes its Tasks as room appears, and writes down how they ended', () => {
    submit({ count: 10, parallelism: 3 });
    assert.deepEqual([members().length, status()?.active, status()?.phase, status()?.total], [3, 3, 'Running', 10]);
    let most = 0;
    for (let rounds = 0; rounds < 10 && !isFinalPhase(status()?.phase); rounds++) {
      endAll((index) => (index % 4 === 3 ? 'Failed' : 'Succeeded'));
      most = Math.max(most, underWay().length);
    }
    assert.ok(most <= 3);
    assert.deepEqual(
      [
        status()?.phase,
        status()?.succeeded,
        status()?.failed,
        status()?.failedIndexes,
        status()?.completedIndexes,
        status()?.finishedIndexes,
      ],
      ['Failed', 8, 2, '3,7', '0-2,4-6,8-9', '0-9'],
    );
  });

  it('goes through a grid with the last parameter fastest, and through a zip side by side', () => {
    const parameters = [
      { name: 'LR', values: ['1', '2'] },
      { name: 'SEED', values: ['a', 'b', 'c'] },
    ];
    submit({ sweep: { parameters }, parallelism: 10 });
    assert.deepEqual(
      members().map((task) => [envOf(task).LR, envOf(task).SEED, envOf(task).RIVER_INDEX].join('')),
      ['1a0', '1b1', '1c2', '2a3', '2b4', '2c5'],
    );
    cluster.remove(set());
    const zip = cluster.add(TaskSet, setDraft('z', { sweep: { mode: 'Zip', parameters } }));
    cluster.settle();
    assert.match(cluster.get(TaskSet, zip.metadata.name, 'lab')?.status?.message ?? '', /as many values/);
  });

  it('makes one at each target', () => {
    submit({ targets: ['n1', 'n2:0', 'n3::0,1'] });
    assert.deepEqual(
      members().map(({ spec }) => spec.targets),
      [['n1'], ['n2:0'], ['n3::0,1']],
    );
  });

  it('stops making more after so many failures, and lets the rest end', () => {
    submit({ count: 100, parallelism: 4, maxFailures: 2 });
    endAll(() => 'Failed');
    assert.deepEqual([status()?.phase, status()?.reason, status()?.failed, members().length], ['Failed', 'MaxFailures', 4, 4]);
  });

  it('hands on a pause and a cancel, and is killed only when nothing of it runs', () => {
    submit({ count: 50, parallelism: 5 });
    stage.wantSet(set(), { suspend: true });
    assert.deepEqual([members().every(({ spec }) => spec.suspend), members().length, status()?.phase], [true, 5, 'Paused']);
    stage.wantSet(set(), { suspend: false });
    assert.equal(
      members().some(({ spec }) => spec.suspend),
      false,
    );
    stage.bind();
    stage.wantSet(set(), { cancel: true });
    assert.equal(isFinalPhase(status()?.phase), false);
    endAll(() => 'Stopped');
    assert.deepEqual([status()?.phase, members().length, status()?.failed], ['Killed', 5, 5]);
  });

  it('counts only Tasks that it made, whatever labels others put on theirs', () => {
    submit({ count: 3, parallelism: 0 });
    const owner = { apiVersion: 'river.dev/v1', kind: 'TaskSet', name: set().metadata.name, uid: set().metadata.uid ?? '' };
    for (const index of ['1e21', '0', '7']) {
      const draft = taskDraft(`fake-${index}`);
      const metadata = { ...draft.metadata, labels: { 'river.dev/task-index': index }, ownerReferences: [owner] };
      cluster.edit(cluster.add(Task, { ...draft, metadata }), (task) => {
        task.status = { phase: 'Succeeded' };
      });
    }
    cluster.settle();
    assert.deepEqual([status()?.succeeded, isFinalPhase(status()?.phase)], [0, false]);
  });

  it('keeps so many finished Tasks, and forgets none of their results', () => {
    submit({ count: 30, parallelism: 5, keepFinished: 4 });
    for (let rounds = 0; rounds < 20 && !isFinalPhase(status()?.phase); rounds++) {
      endAll();
      assert.ok(members().length <= 14);
    }
    assert.deepEqual([status()?.phase, status()?.succeeded, members().length], ['Succeeded', 30, 4]);
    assert.deepEqual(cluster.settle(), []);
  });

  it('begins nothing twice from an old view, and makes what it was killed before making', () => {
    const first = cluster.add(TaskSet, setDraft('s', { count: 3, parallelism: 3, keepFinished: 0 }));
    const { changes } = reconcileTaskSet(first, cluster, cluster.now);
    // Killed after the numbers were given and one Task was made.
    cluster.apply(changes, 2);
    assert.equal(members().length, 1);
    cluster.settle();
    assert.equal(members().length, 3);
    const old = structuredClone(set());
    endAll();
    assert.deepEqual([status()?.phase, members().length], ['Succeeded', 0]);
    assert.equal(cluster.apply(reconcileTaskSet(old, cluster, cluster.now).changes), false);
    assert.equal(members().length, 0);
  });

  it('says so when somebody else has the name of one of its Tasks', () => {
    const own = cluster.add(TaskSet, setDraft('s', { count: 2 }));
    cluster.add(Task, taskDraft(memberName(own, 1)));
    cluster.settle();
    assert.equal(status()?.waiting?.reason, 'NameTaken');
    cluster.remove(cluster.get(Task, memberName(own, 1), 'lab') as Task);
    cluster.settle();
    assert.deepEqual([status()?.waiting, members().length], [undefined, 2]);
  });

  it('goes, with all of its Tasks, when its time is over', () => {
    submit({ count: 2, ttlAfterFinished: '10s' });
    endAll();
    assert.equal(status()?.phase, 'Succeeded');
    cluster.advance(11_000);
    cluster.settle();
    assert.deepEqual([set(), members(), cluster.all(Placement)], [undefined, [], []]);
  });

  it('of a million costs nothing until its Tasks are made', () => {
    submit({ count: 1_000_000, parallelism: 2 });
    assert.deepEqual([members().length, status()?.total, status()?.nextIndex], [2, 1_000_000, 2]);
  });
});
