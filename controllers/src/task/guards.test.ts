import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Approval, Node, Placement, Task } from '@river/crds/kinds';
import { stopReasonAnnotation } from '../placement/placement-state.ts';
import { reconcilePlacement } from '../placement/reconcile-placement.ts';
import { type MemoryCluster, memoryCluster } from '../testing/memory-cluster.ts';
import { approvalDraft, nodeDraft, type Stage, stageOf, taskDraft } from '../testing/stage.ts';
import { reconcileTask } from './reconcile-task.ts';

let cluster: MemoryCluster;
let stage: Stage;
beforeEach(() => {
  cluster = memoryCluster();
  stage = stageOf(cluster);
  cluster.add(Node, nodeDraft('n1'));
  stage.renew('n1');
});

const submit = (name: string, spec: object = {}) => {
  const task = cluster.add(Task, taskDraft(name, spec));
  cluster.settle();
  return task;
};
const status = (name: string) => stage.task(name).status;
const attempts = () => cluster.all(Placement).map(({ spec }) => spec.attempt);

it("hears no Approval from another namespace than the Task's", () => {
  submit('t', { approval: { required: true } });
  const draft = approvalDraft('boss', stage.task());
  cluster.add(Approval, { ...draft, metadata: { ...draft.metadata, namespace: 'elsewhere' } });
  cluster.settle();
  assert.equal(status('t')?.phase, 'PendingApproval');
  cluster.add(Approval, draft);
  cluster.settle();
  assert.notEqual(status('t')?.phase, 'PendingApproval');
});

describe('what an old view cannot do', () => {
  it('makes no attempt again whose Placement is gone', () => {
    submit('t', { retry: { limit: 1, backoff: { initial: '1h', max: '1h' } } });
    const old = structuredClone(stage.task());
    stage.bind();
    stage.end('Failed');
    cluster.remove(cluster.all(Placement)[0] as Placement);
    cluster.settle();
    assert.deepEqual(attempts(), [], 'its end is written down, so it could go');
    assert.equal(cluster.apply(reconcileTask(old, cluster, cluster.now).changes), false);
    assert.deepEqual(attempts(), []);
  });

  it('lets no Placement go whose owner it merely does not see', () => {
    submit('t');
    stage.bind();
    cluster.edit(stage.attempt() as Placement, (next) => {
      next.status = { ...next.status, phase: 'Succeeded' };
    });
    cluster.remove(stage.attempt() as Placement);
    const blind = { ...cluster, get: () => undefined };
    assert.equal(cluster.apply(reconcilePlacement(stage.attempt() as Placement, blind, cluster.now).changes), false);
    assert.equal(attempts().length, 1);
  });

  it('does not start what was cancelled meanwhile', () => {
    const old = cluster.add(Task, taskDraft('t'));
    stage.want({ cancel: true });
    assert.equal(cluster.apply(reconcileTask(old, cluster, cluster.now).changes), false);
    assert.deepEqual([status('t')?.phase, attempts()], ['Killed', []]);
  });
});

describe('attempts', () => {
  it('wait twice as long each time, up to a bound, and count only what is listed', () => {
    submit('t', { retry: { limit: 4, when: ['Failed'], backoff: { initial: '10s', max: '25s' } } });
    const waits: number[] = [];
    for (let number = 1; number <= 4; number++) {
      stage.bind();
      stage.end('Failed');
      const startMs = cluster.now.monotonicMs;
      for (let due = cluster.nextMs(); status('t')?.attempts === number && due !== undefined; due = cluster.nextMs()) {
        cluster.advance(due - cluster.now.monotonicMs);
        stage.renew('n1');
      }
      waits.push(cluster.now.monotonicMs - startMs);
    }
    assert.deepEqual(waits, [10_000, 20_000, 25_000, 25_000]);
    stage.bind();
    stage.end('Failed');
    assert.deepEqual([status('t')?.phase, status('t')?.attempts, status('t')?.retries], ['Failed', 5, 4]);
  });

  it('that were moved away begin anew at once and are not counted', () => {
    submit('t', { onDisconnect: 'Fence' });
    stage.bind();
    stage.run();
    stage.wantNode('n1', { drain: true });
    assert.deepEqual([stage.attempt()?.spec.power, stage.attempt()?.metadata.annotations?.[stopReasonAnnotation]], ['Stopped', 'Drained']);
    stage.end('Stopped');
    assert.deepEqual([status('t')?.attempts, status('t')?.retries, status('t')?.phase], [2, 0, 'Pending']);
  });

  it('that made room for what is more important begin anew and are not counted', () => {
    submit('t');
    stage.bind();
    stage.run();
    cluster.edit(stage.attempt() as Placement, (next) => {
      next.spec.power = 'Stopped';
      next.metadata.annotations = { 'river.dev/evicted-for': 'lab/t-other-00009-1' };
    });
    stage.end('Stopped');
    assert.deepEqual([status('t')?.attempts, status('t')?.retries, status('t')?.history?.[0]?.reason], [2, 0, 'Preempted']);
  });

  it('that were given up end when somebody says that they run after all', () => {
    submit('t', { retry: { limit: 1, when: ['Lost'], backoff: { initial: '0s' } } });
    stage.bind();
    stage.run();
    const first = stage.attempt() as Placement;
    cluster.advance(30_000);
    cluster.settle();
    assert.equal(status('t')?.attempts, 2);
    cluster.edit(first, (next) => {
      next.status = {
        ...next.status,
        phase: 'Running',
        conditions: (next.status?.conditions ?? []).filter(({ type }) => type !== 'Finished'),
      };
    });
    stage.renew('n1');
    assert.deepEqual([cluster.get(Placement, first.metadata.name, 'lab')?.spec.power, stage.attempt()?.spec.power], ['Stopped', 'Running']);
  });

  it('are remembered up to a bound, and so are their Placements', () => {
    submit('t', { retry: { limit: 1000, backoff: { initial: '0s', max: '0s' } } });
    for (let number = 1; number <= 30; number++) {
      stage.bind();
      stage.end('Failed');
    }
    assert.deepEqual([status('t')?.attempts, status('t')?.history?.length, status('t')?.history?.at(-1)?.attempt], [31, 10, 30]);
    assert.ok(cluster.all(Placement).length <= 11);
  });

  it('end when they overrun and their node does nothing about it', () => {
    submit('t', { timeout: '1m', gracePeriod: '5s' });
    stage.bind();
    stage.run();
    for (let spent = 0; spent < 126_000; spent += 3_000) {
      cluster.advance(3_000);
      stage.renew('n1');
    }
    assert.equal(stage.attempt()?.spec.power, 'Stopped');
    stage.end('Stopped');
    assert.deepEqual([status('t')?.phase, status('t')?.reason], ['Failed', 'Timeout']);
  });

  it('follow the queue and the selector of their Task until a node has them', () => {
    submit('t', { nodeSelector: { gpu: 'yes', zone: 'a' }, queue: 'old' });
    stage.want({ nodeSelector: { zone: 'b' }, queue: 'new' });
    assert.deepEqual([stage.attempt()?.spec.nodeSelector, stage.attempt()?.spec.queue], [{ zone: 'b' }, 'new']);
  });
});

describe('approval', () => {
  const twice = { approval: { required: true, approvals: 2 } };
  it('takes as many different people as it asks for, for this Task and what it runs', () => {
    const task = submit('t', twice);
    const say = (name: string, spec = {}) => {
      cluster.add(Approval, approvalDraft(name, task, spec));
      cluster.settle();
      return status('t')?.phase;
    };
    assert.equal(say('ann'), 'PendingApproval');
    assert.equal(say('ann-again', { approver: 'ann' }), 'PendingApproval');
    assert.equal(say('old', { taskUid: 'another' }), 'PendingApproval');
    assert.equal(say('read-another', { specDigest: 'sha256:0' }), 'PendingApproval');
    assert.equal(say('bob'), 'Pending');
  });
});

describe('dependencies', () => {
  const after = (name: string, condition = 'Succeeded') => ({ dependsOn: [{ name, condition }] });
  const outcome: [condition: string, phase: string, then: string | undefined][] = [
    ['Succeeded', 'Succeeded', 'Pending'],
    ['Succeeded', 'Failed', 'Failed'],
    ['Failed', 'Failed', 'Pending'],
    ['Failed', 'Succeeded', 'Failed'],
    ['Finished', 'KilledOOM', 'Pending'],
    ['Started', 'Rejected', 'Failed'],
  ];
  for (const [condition, phase, then] of outcome)
    it(`${condition}: the other is ${phase}, so this is ${then}`, () => {
      submit('first', { retry: { when: ['Rejected'] } });
      submit('second', after('first', condition));
      assert.equal(status('second')?.waiting?.reason, 'Dependency');
      stage.bind();
      stage.end(phase, {}, 'first');
      assert.deepEqual([status('second')?.phase, status('second')?.attempts], [then, then === 'Pending' ? 1 : undefined]);
    });

  it('waits for one that is not there yet, and says so', () => {
    submit('second', after('first', 'Started'));
    assert.match(status('second')?.waiting?.message ?? '', /first, which is not there/);
    submit('first');
    stage.bind();
    stage.run('first');
    assert.equal(status('second')?.attempts, 1);
  });

  it('fails all that wait for each other in a circle', () => {
    submit('a', after('b'));
    submit('b', after('c'));
    submit('c', after('a'));
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => status(name)?.phase),
      ['Failed', 'Failed', 'Failed'],
    );
  });

  it('keeps a finished Task beyond its time while another still looks at it', () => {
    submit('first', { ttlAfterFinished: '10s' });
    submit('second', { ...after('first'), suspend: true });
    stage.bind();
    stage.end('Succeeded', {}, 'first');
    cluster.advance(60_000);
    cluster.settle();
    assert.equal(status('first')?.phase, 'Succeeded');
    stage.want({ suspend: false }, 'second');
    cluster.advance(60_000);
    cluster.settle();
    assert.equal(cluster.get(Task, 'first', 'lab'), undefined);
    assert.equal(cluster.all(Placement).filter(({ spec }) => spec.owner.name === 'first').length, 0);
  });
});
