import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { lackOn } from './lack.ts';
import { openLedger } from './ledger.ts';
import { schedule } from './schedule.ts';
import type { NodeFacts, Pending, Snapshot } from './snapshot.ts';
import { afterBindings } from './testing/advance.ts';
import { arbitrarySnapshot } from './testing/arbitrary-snapshot.ts';
import { gpuFacts, holderOf, nodeFacts, pendingOf, snapshotOf } from './testing/facts.ts';
import { play } from './testing/play.ts';

/** The node with just that which was said to be missing. */
function mended(node: NodeFacts, { ask }: Pending, lack: NonNullable<ReturnType<typeof lackOn>>): NodeFacts {
  const { allocatable } = node;
  const { missing = 0, about = '' } = lack;
  const with_ = (some: Partial<NodeFacts['allocatable']>) => ({ ...node, allocatable: { ...allocatable, ...some } });
  switch (lack.reason) {
    case 'NotReady':
      return { ...node, isReady: true };
    case 'Cordoned':
      return { ...node, isCordoned: false };
    case 'Selector':
      return { ...node, labels: { ...node.labels, [about.split('=')[0] ?? '']: about.split('=')[1] ?? '' } };
    case 'Taint':
      return { ...node, taints: node.taints.filter(({ key, effect }) => `${key}:${effect}` !== about) };
    case 'CPU':
      return with_({ cpuMillis: allocatable.cpuMillis + missing });
    case 'Memory':
      return with_({ memoryBytes: allocatable.memoryBytes + missing });
    case 'Storage':
      return with_({ storageBytes: allocatable.storageBytes + missing });
    case 'Hardware':
    case 'GPU': {
      const fresh = Array.from({ length: missing }, (_, at) =>
        gpuFacts(node.gpus.length + at, { model: ask.gpus?.model ?? 'nvidia h200', memoryBytes: ask.gpus?.memoryBytes ?? 0 }),
      );
      return { ...node, gpus: [...node.gpus, ...fresh] };
    }
    default:
      assert.fail(`nothing was said that could be mended: ${lack.reason}`);
  }
}

describe('the reasons for waiting', () => {
  it('are true: who gets what is said to be missing, and no more, is placed', () => {
    fc.assert(
      fc.property(arbitrarySnapshot, (made) => {
        const nodes = made.nodes.slice(0, 1).map((node) => ({ ...node, numa: [] }));
        const first: Snapshot = { ...made, queues: [], nodes, pending: made.pending.slice(0, 6) };
        const busy = afterBindings(first, schedule(first, 0).bindings, 0);
        for (const asked of made.pending) {
          const { gang, queue, ...alone } = { ...asked, mayPreempt: false, priority: -1, ask: { ...asked.ask, targets: [] } };
          let snapshot: Snapshot = { ...busy, pending: [alone] };
          const said: string[] = [];
          for (let decision = schedule(snapshot, 0); decision.bindings.length === 0; decision = schedule(snapshot, 0)) {
            const [state] = openLedger(snapshot, 0).states;
            const lack = state && lackOn(state, alone.ask, undefined, Infinity);
            const [told] = decision.waiting;
            assert.ok(state && lack, `${told?.message}, and nothing is missing`);
            assert.equal(told?.nodes[0]?.reason, lack.reason);
            assert.ok(!said.includes(`${lack.reason} ${lack.about}`), `${lack.reason} is said again after it was mended`);
            said.push(`${lack.reason} ${lack.about}`);
            snapshot = { ...snapshot, nodes: [mended(state.facts, alone, lack)] };
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('say for every node what is missing and how much, the nearest first', () => {
    const nodes = [
      nodeFacts('ant', { cpu: 2, memoryGib: 64 }),
      nodeFacts('bee', { isReady: false }),
      nodeFacts('cat', { cpu: 8, memoryGib: 4 }),
      nodeFacts('dog', { cpu: 8, taints: [{ key: 'lab', value: 'vision', effect: 'NoSchedule' }] }),
    ];
    const holders = [holderOf('h', 'ant', { cpu: 1, longestMs: 90_000, startedMs: 0 })];
    const { waiting } = schedule(snapshotOf({ nodes, holders, pending: [pendingOf('p', { cpu: 2, memoryGib: 8 })] }), 30_000);
    assert.deepEqual(waiting, [
      {
        key: 'lab/p',
        reason: 'Resources',
        message:
          'None of 4 nodes has room (1 CPU, 1 NotReady, 1 Memory, 1 Taint); nearest is ant: 1 core too few free. Room is kept for it on ant: it starts when lab/h end, in 60 s at the latest.',
        nodes: [
          { name: 'ant', reason: 'CPU', message: '1 core too few free' },
          { name: 'bee', reason: 'NotReady', message: 'it does not answer' },
          { name: 'dog', reason: 'Taint', message: 'its taint lab=vision:NoSchedule is not tolerated' },
          { name: 'cat', reason: 'Memory', message: '4Gi of memory too little, and it has not so much in all' },
        ],
        estimatedStartMs: 90_000,
      },
    ]);
  });

  it('name no more nodes than they may, and say when no node can ever do', () => {
    const nodes = Array.from({ length: 100 }, (_, at) => nodeFacts(`n${at}`, { cpu: 2 }));
    const [waiting] = schedule(snapshotOf({ nodes, pending: [pendingOf('p', { cpu: 3 })] }), 0).waiting;
    assert.equal(waiting?.nodes.length, 32);
    assert.match(waiting?.message ?? '', /^None of 100 nodes could ever take it as they are \(100 CPU\)/);
    assert.equal(waiting?.estimatedStartMs, undefined);
    assert.match(schedule(snapshotOf({ pending: [pendingOf('p')] }), 0).waiting[0]?.message ?? '', /There is no node: add one/);
  });
});

describe('estimated starts', () => {
  it('are off by less than a fifth for half of the work when all run as long as expected', () => {
    const arrivals = Array.from({ length: 60 }, (_, at) =>
      pendingOf(`p${String(at).padStart(2, '0')}`, { cpu: 1 + (at % 3), longestMs: 1000 * (5 + ((at * 7) % 20)), createdMs: 0 }),
    );
    const { startedMs, told } = play({
      snapshot: snapshotOf({ nodes: [nodeFacts('ant', { cpu: 8 }), nodeFacts('bee', { cpu: 8 })] }),
      arrivals,
    });
    const errors = [...told].map(([key, { estimatedStartMs }]) => Math.abs((estimatedStartMs ?? Infinity) / (startedMs.get(key) ?? 0) - 1));
    errors.sort((a, b) => a - b);
    assert.ok(errors.length > 40);
    const median = errors[errors.length >> 1] ?? 1;
    assert.ok(median <= 0.2, `half of the estimates are off by more than ${Math.round(median * 100)} %`);
  });

  it('go on at the pace of the first ones when there are more than are played', () => {
    const pending = Array.from({ length: 1000 }, (_, at) => pendingOf(`p${String(at).padStart(3, '0')}`, { cpu: 1, longestMs: 1000 }));
    const { waiting } = schedule(snapshotOf({ nodes: [nodeFacts('ant', { cpu: 8 })], pending }), 0);
    const last = waiting.find(({ key }) => key === 'lab/p999')?.estimatedStartMs ?? 0;
    assert.ok(Math.abs(last / (124 * 1000) - 1) < 0.1, `${last}`);
  });
});
