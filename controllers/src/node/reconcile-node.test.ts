import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Lease, Node, Placement, Task } from '@river/crds/kinds';
import { conditionOf } from '../decide/conditions.ts';
import { reconcilePlacement } from '../placement/reconcile-placement.ts';
import { type MemoryCluster, memoryCluster } from '../testing/memory-cluster.ts';
import { nodeDraft, type Stage, stageOf, taskDraft } from '../testing/stage.ts';
import { isTaken, nodesNamespace } from './node-lease.ts';
import { reconcileNode } from './reconcile-node.ts';

let cluster: MemoryCluster;
let stage: Stage;
beforeEach(() => {
  cluster = memoryCluster();
  stage = stageOf(cluster);
  cluster.add(Node, nodeDraft('n1'));
  stage.renew('n1');
  ready();
});

const node = () => cluster.get(Node, 'n1') as Node;
const lease = () => cluster.get(Lease, 'n1', nodesNamespace) as Lease;
const said = (type: string) => {
  const { status, reason } = conditionOf(node().status?.conditions, type) ?? {};
  return [status, reason];
};
const ready = () =>
  cluster.edit(node(), (next) => {
    const condition = {
      type: 'Ready',
      status: 'True',
      reason: 'AgentReady',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    } as const;
    next.status = { ...next.status, conditions: [...(next.status?.conditions ?? []), condition] };
  });
const pass = (ms: number) => {
  cluster.advance(ms);
  cluster.settle();
};
const run = (spec: object = {}) => {
  cluster.add(Task, taskDraft('t', spec));
  cluster.settle();
  stage.bind();
  stage.run();
};

describe('a Node', () => {
  it('is silent after nine seconds and lost after twenty-five, by when its lease was seen', () => {
    assert.deepEqual(said('Reachable'), ['True', 'Answers']);
    pass(8_900);
    assert.deepEqual(said('Reachable'), ['True', 'Answers']);
    pass(200);
    assert.deepEqual(
      [said('Reachable'), said('Ready')],
      [
        ['False', 'Silent'],
        ['Unknown', 'NodeSilent'],
      ],
    );
    pass(15_000);
    assert.equal(isTaken(lease()), false);
    pass(1_000);
    assert.deepEqual([said('Reachable'), isTaken(lease())], [['False', 'Lost'], true]);
    assert.deepEqual(
      cluster.events.filter((event) => event.startsWith('Node ')),
      ['Node NodeSilent', 'Node NodeLost'],
    );
    stage.renew('n1');
    assert.deepEqual(
      [said('Reachable'), said('Ready')],
      [
        ['True', 'Answers'],
        ['True', 'Answers'],
      ],
    );
  });

  it('is not called lost for a time in which it could not have been heard', () => {
    pass(3_000);
    // The server was away for an hour, and has just come back.
    cluster.now = { monotonicMs: 3_600_000, wallMs: cluster.now.wallMs + 3_600_000 };
    cluster.unbrokenSince = 3_600_000;
    cluster.settle();
    assert.deepEqual(said('Reachable'), ['True', 'Answers']);
    pass(9_500);
    assert.deepEqual(said('Reachable'), ['False', 'Silent']);
    assert.equal(isTaken(lease()), false);
  });

  it('that was silent stays so for a controller that has just begun, until it renews', () => {
    pass(10_000);
    cluster.unbrokenSince = cluster.now.monotonicMs;
    cluster.settle();
    assert.deepEqual(said('Reachable'), ['False', 'Silent']);
    pass(1_000);
    stage.renew('n1');
    assert.deepEqual(said('Reachable'), ['True', 'Answers']);
  });

  it('is not lost when it has renewed just before that was to be written', () => {
    pass(24_000);
    const old = structuredClone(node());
    cluster.advance(2_000);
    const { changes } = reconcileNode(old, cluster, cluster.now);
    cluster.edit(lease(), (next) => void Object.assign(next, { spec: { ...next.spec, renewTime: '2026-01-01T00:00:25Z' } }));
    assert.equal(cluster.apply(changes), false);
    assert.equal(isTaken(lease()), false);
  });

  it('keeps what may go on; what is fenced there is lost, once it is frozen', () => {
    run();
    pass(30_000);
    assert.equal(stage.phase(), 'Unreachable');
    pass(3_600_000);
    assert.equal(stage.phase(), 'Unreachable');
  });

  it('that has taken its lease back is called lost no more: it says itself what it has ended for that', () => {
    run({ onDisconnect: 'Fence' });
    cluster.advance(26_000);
    cluster.apply(reconcileNode(node(), cluster, cluster.now).changes);
    assert.equal(isTaken(lease()), true);
    const { changes } = reconcilePlacement(stage.attempt() as Placement, cluster, cluster.now);
    cluster.edit(lease(), (next) => void Object.assign(next, { spec: { ...next.spec, holderIdentity: 'n1' } }));
    assert.equal(cluster.apply(changes), false);
    cluster.settle();
    assert.equal(stage.attempt()?.status?.phase, 'Running');
  });

  it('declared dead has lost all that it had, whatever that was', () => {
    run();
    stage.wantNode('n1', { declaredDead: true });
    assert.deepEqual([stage.phase(), stage.task().status?.reason], ['Lost', 'NodeDeclaredDead']);
    assert.deepEqual(said('Reachable'), ['False', 'DeclaredDead']);
  });

  it('being drained is said to be so once nothing is bound to it; what has begun and cannot move ends in its own time', () => {
    run();
    stage.wantNode('n1', { drain: true });
    assert.deepEqual([said('Drained'), stage.attempt()?.spec.power], [['False', 'Occupied'], 'Running']);
    stage.end('Succeeded');
    assert.deepEqual(said('Drained'), ['True', 'Empty']);
    stage.wantNode('n1', { drain: false });
    assert.deepEqual(said('Drained'), [undefined, undefined]);
  });

  it('that is deleted stays until nothing is bound to it; dead ones go at once', () => {
    run();
    cluster.remove(node());
    cluster.settle();
    assert.ok(node());
    stage.wantNode('n1', { declaredDead: true });
    assert.equal(node(), undefined);
    assert.equal(stage.phase(), 'Lost');
    assert.equal(cluster.all(Placement).length, 1);
  });
});
