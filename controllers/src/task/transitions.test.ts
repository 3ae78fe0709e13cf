import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { finalPhases, isFinalPhase, phases } from '@river/crds';
import { Approval, Node, type Placement, Task } from '@river/crds/kinds';
import { type MemoryCluster, memoryCluster } from '../testing/memory-cluster.ts';
import { approvalDraft, nodeDraft, type Stage, saidNot, stageOf, taskDraft } from '../testing/stage.ts';

let cluster: MemoryCluster;
let stage: Stage;
beforeEach(() => {
  cluster = memoryCluster();
  stage = stageOf(cluster);
  cluster.add(Node, nodeDraft('n1'));
  stage.renew('n1');
});

const submit = (spec: object = {}) => {
  cluster.add(Task, taskDraft('t', spec));
  cluster.settle();
};

const approval = { approval: { required: true } };
const paused = { type: 'Paused', status: 'True', reason: 'Said' } as const;

/** How a Task gets into each phase that is not final. */
const ways: Record<string, (spec?: object) => void> = {
  PendingApproval: (spec = {}) => submit({ ...approval, ...spec }),
  Pending: submit,
  Assigned: (spec) => {
    submit(spec);
    stage.bind();
  },
  Starting: (spec) => {
    ways.Assigned?.(spec);
    stage.accept();
  },
  Running: (spec) => {
    ways.Starting?.(spec);
    stage.run();
  },
  Paused: (spec) => {
    ways.Running?.(spec);
    stage.want({ suspend: true });
    stage.say([paused]);
  },
  Unreachable: (spec) => {
    ways.Running?.(spec);
    cluster.advance(9_500);
    cluster.settle();
  },
};

const kill = (answer: () => void) => () => {
  stage.want({ cancel: true });
  answer();
};
const stopped = () => stage.end('Killed', { exitCode: 137 });
const yes = () => {
  cluster.add(Approval, approvalDraft('ann', stage.task()));
  cluster.settle();
};
const no = () => {
  cluster.add(Approval, approvalDraft('ann', stage.task(), { decision: 'Denied' }));
  cluster.settle();
};
const dead = () => stage.wantNode('n1', { declaredDead: true });
const silence = () => {
  cluster.advance(30_000);
  cluster.settle();
};

/** Every phase and what may happen in it. */
const table: [from: string, event: string, happen: () => void, to: string, spec?: object][] = [
  ['PendingApproval', 'yes', yes, 'Pending'],
  ['PendingApproval', 'no', no, 'Rejected'],
  ['PendingApproval', 'cancel', kill(() => {}), 'Killed'],
  ['PendingApproval', 'time', () => silence(), 'Rejected', { approval: { required: true, expireAfter: '20s' } }],
  ['PendingApproval', 'suspend', () => stage.want({ suspend: true }), 'PendingApproval'],
  ['Pending', 'bound', () => stage.bind(), 'Assigned'],
  ['Pending', 'cancel', kill(() => {}), 'Killed'],
  ['Pending', 'suspend', () => stage.want({ suspend: true }), 'Pending'],
  ['Assigned', 'accepted', () => stage.accept(), 'Starting'],
  ['Assigned', 'running at once', () => stage.run(), 'Running'],
  ['Assigned', 'refused by the node', () => stage.end('Rejected'), 'Pending'],
  ['Assigned', 'refused, and that is the end', () => stage.end('Rejected'), 'Rejected', { retry: { when: ['Rejected'] } }],
  ['Assigned', 'silence', silence, 'Unreachable'],
  ['Assigned', 'cancel', kill(() => {}), 'Assigned'],
  ['Assigned', 'cancel, ended', kill(stopped), 'Killed'],
  ['Assigned', 'cancel, refused', kill(() => stage.end('Rejected')), 'Killed'],
  ['Starting', 'running', () => stage.run(), 'Running'],
  ['Starting', 'no image', () => stage.end('Failed', { reason: 'ImagePullFailed' }), 'Failed'],
  ['Starting', 'cancel', kill(() => {}), 'Starting'],
  ['Starting', 'cancel, ended', kill(stopped), 'Killed'],
  ['Starting', 'silence', silence, 'Unreachable'],
  ['Starting', 'declared dead', dead, 'Lost'],
  ['Running', 'exit 0', () => stage.end('Succeeded', { exitCode: 0 }), 'Succeeded'],
  ['Running', 'exit 3', () => stage.end('Failed', { exitCode: 3 }), 'Failed'],
  ['Running', 'out of memory', () => stage.end('KilledOOM', { exitCode: 137 }), 'KilledOOM'],
  ['Running', 'out of time', () => stage.end('Failed', { reason: 'Timeout' }), 'Failed'],
  ['Running', 'exit 3, once more', () => stage.end('Failed', { exitCode: 3 }), 'Pending', { retry: { limit: 1 } }],
  ['Running', 'cancel: it still runs', kill(() => {}), 'Running'],
  ['Running', 'cancel, ended', kill(stopped), 'Killed'],
  ['Running', 'cancel, but it was done', kill(() => stage.end('Succeeded', { exitCode: 0 })), 'Succeeded'],
  ['Running', 'suspend, not yet done', () => stage.want({ suspend: true }), 'Running'],
  ['Running', 'ended by somebody', () => stage.end('Stopped'), 'Stopped'],
  ['Running', 'silence', silence, 'Unreachable'],
  ['Running', 'silence, fenced', silence, 'Pending', { retry: { limit: 1, when: ['Lost'] } }],
  ['Running', 'silence, fenced, no retry', silence, 'Lost', { onDisconnect: 'Fence' }],
  ['Running', 'declared dead', dead, 'Lost'],
  ['Paused', 'resume', () => [stage.want({ suspend: false }), stage.say([saidNot('Paused')])], 'Running'],
  ['Paused', 'cancel, ended', kill(stopped), 'Killed'],
  ['Paused', 'out of memory', () => stage.end('KilledOOM'), 'KilledOOM'],
  ['Paused', 'silence', silence, 'Unreachable'],
  ['Unreachable', 'back', () => stage.renew('n1'), 'Running'],
  ['Unreachable', 'ended meanwhile', () => stage.end('Succeeded', { exitCode: 0 }), 'Succeeded'],
  ['Unreachable', 'cancel: it may still run', kill(() => {}), 'Unreachable'],
  ['Unreachable', 'cancel, dead', kill(dead), 'Lost'],
  ['Unreachable', 'declared dead', dead, 'Lost'],
];

describe('every phase of a Task', () => {
  for (const [phase, way] of Object.entries(ways))
    it(`is reached: ${phase}`, () => {
      way();
      assert.equal(stage.phase(), phase);
      assert.deepEqual(cluster.settle(), []);
    });

  for (const [from, event, happen, to, spec] of table)
    it(`${from}: ${event} → ${to}`, () => {
      ways[from]?.(spec);
      assert.equal(stage.phase(), from);
      happen();
      assert.equal(stage.phase(), to);
      assert.deepEqual(cluster.settle(), [], 'run again it wants nothing more');
    });

  it('has a way on from each that is not final, and one to each that is', () => {
    const open = phases.filter((phase) => !isFinalPhase(phase));
    assert.deepEqual(
      open.filter((phase) => !table.some(([from, , , to]) => from === phase && to !== phase)),
      [],
    );
    assert.deepEqual(
      finalPhases.filter((phase) => !table.some(([, , , to]) => to === phase)),
      [],
    );
  });

  for (const phase of finalPhases)
    it(`${phase} is left by nothing`, () => {
      ways.Running?.({ retry: { when: ['Rejected'] } });
      stage.end(phase);
      assert.equal(stage.phase(), phase);
      const ended = stage.task().status;
      for (const happen of [
        () => stage.want({ cancel: true }),
        () => stage.want({ suspend: true }),
        () => stage.end('Failed'),
        dead,
        silence,
        () => stage.cluster.remove(stage.attempt() as Placement),
      ]) {
        happen();
        cluster.settle();
        assert.deepEqual(stage.task().status?.phase, phase);
        assert.deepEqual(stage.task().status?.finishTime, ended?.finishTime);
      }
      assert.equal(stage.task().status?.attempts, 1);
    });
});
