import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { modelNode } from '../testing/model-node.ts';
import { nodeLost } from './outcome-of.ts';
import { admissionOf, plan } from './plan.ts';
import type { Action, Admission, Container, Limits, Work } from './work.ts';

const nowMs = 1_000_000;
const limits: Limits = {
  nowMs,
  cpus: [0, 1, 2, 3, 4, 5, 6, 7],
  gpus: [0, 1, 2, 3],
  hostPaths: ['/data/sets'],
  hasSharedStorage: false,
  allowsPrivileged: false,
  allowsHostNetwork: false,
  isFrozen: false,
};
const work = (given: Partial<Work> = {}): Work => ({
  uid: 'u1',
  namespace: 'lab',
  name: 't-one-1',
  epoch: 1,
  power: 'Running',
  isOver: false,
  hasBegun: false,
  gpus: [],
  cpus: [],
  isPrivileged: false,
  usesHostNetwork: false,
  hostPaths: [],
  usesSharedStorage: false,
  isFenced: false,
  graceMs: 30_000,
  ...given,
});
const admitted = (given: Partial<Work> = {}, more: Partial<Admission> = {}): Admission => ({
  ...admissionOf(work(given), nowMs - 60_000),
  mayHaveStarted: true,
  ...more,
});
const container = (given: Partial<Container> = {}): Container => ({
  id: 'c1',
  uid: 'u1',
  epoch: 1,
  state: 'running',
  startMs: nowMs - 50_000,
  ...given,
});
const exited = (code: number, more: Partial<NonNullable<Container['exit']>> = {}) =>
  container({ state: 'exited', exit: { code, finishMs: nowMs - 1_000, isOutOfMemory: false, ...more } });

const words = (actions: readonly Action[]) =>
  actions.map((action) => {
    if (action.do === 'settle') return `settle ${action.outcome.phase} ${action.outcome.reason}`;
    if (action.do === 'refuse') return `refuse ${action.outcome.phase} ${action.outcome.reason}`;
    return action.do === 'stop' ? `stop ${action.graceMs}` : action.do;
  });

interface Case {
  desired: Work[] | undefined;
  has?: Container[];
  took?: Admission[];
  within?: Partial<Limits>;
  gives: string[];
}

const cases: Record<string, Case> = {
  'a new one is admitted before anything is done': { desired: [work()], gives: ['admit', 'pull', 'create'] },
  'what was admitted when the agent died goes on': {
    desired: [work()],
    took: [admitted({}, { mayHaveStarted: false })],
    gives: ['pull', 'create'],
  },
  'what was made is started': {
    desired: [work()],
    took: [admitted({}, { mayHaveStarted: false })],
    has: [container({ state: 'created' })],
    gives: ['start'],
  },
  'what has lost its network before it could start is made anew': {
    desired: [work()],
    took: [admitted()],
    has: [container({ state: 'created', lacksNetwork: true })],
    gives: ['undo'],
  },
  'a start that was cut off is tried again while the container is there': {
    desired: [work()],
    took: [admitted()],
    has: [container({ state: 'created' })],
    gives: ['start'],
  },
  'what may have run is never started again': { desired: [work()], took: [admitted()], gives: ['settle Lost ContainerGone'] },
  'what another agent of this node has begun is not begun anew': {
    desired: [work({ hasBegun: true })],
    gives: ['refuse Lost JournalGone'],
  },
  'what it left running is taken up': { desired: [work({ hasBegun: true })], has: [container()], gives: ['admit', 'pull', 'create'] },
  'what was ended by the fence goes once it is thawed': {
    desired: [work({ isFenced: true })],
    took: [admitted({ isFenced: true }, { outcome: nodeLost('n1', nowMs) })],
    has: [container()],
    gives: ['stop 0', 'remove'],
  },
  'and stands still until then': {
    desired: [work({ isFenced: true })],
    took: [admitted({ isFenced: true }, { outcome: nodeLost('n1', nowMs) })],
    has: [container()],
    within: { isFrozen: true },
    gives: [],
  },
  'what runs is left alone': { desired: [work()], took: [admitted()], has: [container()], gives: [] },
  'an end is noted before the container goes': {
    desired: [work()],
    took: [admitted()],
    has: [exited(0)],
    gives: ['settle Succeeded Completed', 'remove'],
  },
  'an exit code is the task’s own': { desired: [work()], took: [admitted()], has: [exited(3)], gives: ['settle Failed Error', 'remove'] },
  '137 alone is not out of memory': { desired: [work()], took: [admitted()], has: [exited(137)], gives: ['settle Failed Error', 'remove'] },
  'out of memory is what the kernel says': {
    desired: [work()],
    took: [admitted()],
    has: [exited(137, { isOutOfMemory: true })],
    gives: ['settle KilledOOM OutOfMemory', 'remove'],
  },
  'what could not start says why': {
    desired: [work()],
    took: [admitted()],
    has: [exited(127, { error: 'no such program' })],
    gives: ['settle Failed CannotStart', 'remove'],
  },
  'an engine that kills all on its restart makes no exit codes': {
    desired: [work()],
    took: [admitted()],
    has: [exited(137)],
    within: { killedAllMs: nowMs - 2_000 },
    gives: ['settle Lost Infrastructure', 'remove'],
  },
  'a machine that was restarted makes none either': {
    desired: [work()],
    took: [admitted({}, { bootId: 'before' })],
    has: [exited(255)],
    within: { boot: { id: 'now', startedMs: nowMs - 5_000 } },
    gives: ['settle Lost Infrastructure', 'remove'],
  },
  'a clock that was set is no restart': {
    desired: [work()],
    took: [admitted({}, { bootId: 'now' })],
    has: [exited(3)],
    within: { boot: { id: 'now', startedMs: nowMs - 5_000 } },
    gives: ['settle Failed Error', 'remove'],
  },
  'what an engine finds half started may have run': {
    desired: [work()],
    took: [admitted()],
    has: [exited(128, { error: 'task 4fb6: already exists: unknown' })],
    gives: ['settle Lost Infrastructure', 'remove'],
  },
  'what an engine does not know after it was killed is no exit code': {
    desired: [work()],
    took: [admitted()],
    has: [exited(255)],
    within: { engineStartMs: nowMs - 1_500 },
    gives: ['settle Lost Infrastructure', 'remove'],
  },
  '255 at another time is the task’s own': {
    desired: [work()],
    took: [admitted()],
    has: [exited(255)],
    within: { engineStartMs: nowMs - 500 },
    gives: ['settle Failed Error', 'remove'],
  },
  'what ended long before that ended by itself': {
    desired: [work()],
    took: [admitted()],
    has: [exited(7, { finishMs: nowMs - 40_000 })],
    within: { killedAllMs: nowMs - 2_000 },
    gives: ['settle Failed Error', 'remove'],
  },
  'paused by power': { desired: [work({ power: 'Paused' })], took: [admitted()], has: [container()], gives: ['pause'] },
  'and back': { desired: [work()], took: [admitted()], has: [container({ state: 'paused' })], gives: ['unpause'] },
  'stopped with its grace': { desired: [work({ power: 'Stopped' })], took: [admitted()], has: [container()], gives: ['stop 30000'] },
  'what was asked to end has ended so, whatever its code': {
    desired: [work({ power: 'Stopped' })],
    took: [admitted({}, { ending: 'Stopped' })],
    has: [exited(143)],
    gives: ['settle Stopped Stopped', 'remove'],
  },
  'asked to end before it was taken': {
    desired: [work({ power: 'Stopped' })],
    gives: ['refuse Stopped NeverStarted'],
  },
  'ended after its timeout': {
    desired: [work({ timeoutMs: 10_000 })],
    took: [admitted({ timeoutMs: 10_000 })],
    has: [container()],
    gives: ['stop 30000'],
  },
  'a timeout is kept also while the server is away': {
    desired: undefined,
    took: [admitted({ timeoutMs: 10_000 })],
    has: [container()],
    gives: ['stop 30000'],
  },
  'deleted: ended with its grace, then forgotten': {
    desired: [],
    took: [admitted()],
    has: [container()],
    gives: ['stop 30000', 'remove', 'forget'],
  },
  'a stranger with our labels is an orphan': { desired: [], has: [container()], gives: ['stop 0', 'remove'] },
  'while the server was not heard nothing is an orphan': { desired: undefined, has: [container()], took: [admitted()], gives: [] },
  'and ends are noted all the same': { desired: undefined, has: [exited(3)], took: [admitted()], gives: ['settle Failed Error'] },
  'a newer epoch ends the older at once and begins anew': {
    desired: [work({ epoch: 2 })],
    took: [admitted()],
    has: [container()],
    gives: ['stop 0', 'remove'],
  },
  'what is said to be over is never begun': { desired: [work({ isOver: true })], gives: [] },
  'what is said to be lost is killed, whatever its grace': {
    desired: [work({ isOver: true })],
    took: [admitted()],
    has: [container()],
    gives: ['stop 0'],
  },
  'an older word changes nothing': {
    desired: [work({ epoch: 1 })],
    took: [admitted({ epoch: 2 })],
    has: [container({ epoch: 2 })],
    gives: [],
  },
  'final is final, also for a newer epoch': {
    desired: [work({ epoch: 2 })],
    took: [admitted({}, { outcome: { phase: 'Failed', reason: 'Error', message: '', finishMs: 1 } })],
    gives: [],
  },
  'a GPU that is taken': {
    desired: [work({ uid: 'u2', gpus: [1, 2] }), work({ gpus: [2] })],
    took: [admitted({ gpus: [2] })],
    has: [container()],
    gives: ['refuse Rejected DeviceTaken'],
  },
  'two that come at once for one GPU': {
    desired: [work({ gpus: [0] }), work({ uid: 'u2', gpus: [0] })],
    gives: ['admit', 'pull', 'create', 'refuse Rejected DeviceTaken'],
  },
  'a core that is taken': {
    desired: [work({ uid: 'u2', cpus: [0, 1] }), work({ cpus: [1] })],
    took: [admitted({ cpus: [1] })],
    has: [container()],
    gives: ['refuse Rejected DeviceTaken'],
  },
  'a GPU that is not there': { desired: [work({ gpus: [9] })], gives: ['refuse Rejected NoSuchDevice'] },
  'a folder that is not shown': { desired: [work({ hostPaths: ['/data/sets/../secrets'] })], gives: ['refuse Rejected MountNotAllowed'] },
  'a neighbour of a folder that is shown': {
    desired: [work({ hostPaths: ['/data/setsandmore'] })],
    gives: ['refuse Rejected MountNotAllowed'],
  },
  'a folder that is shown': { desired: [work({ hostPaths: ['/data/sets/a'] })], gives: ['admit', 'pull', 'create'] },
  privileged: { desired: [work({ isPrivileged: true })], gives: ['refuse Rejected PrivilegedNotAllowed'] },
  'the network of the node': { desired: [work({ usesHostNetwork: true })], gives: ['refuse Rejected HostNetworkNotAllowed'] },
  'nothing fenced begins while frozen': { desired: [work({ isFenced: true })], within: { isFrozen: true }, gives: [] },
  'what is not fenced goes on while frozen': { desired: [work()], within: { isFrozen: true }, gives: ['admit', 'pull', 'create'] },
};

describe('the plan of a node', () => {
  for (const [name, { desired, has = [], took = [], within = {}, gives }] of Object.entries(cases))
    it(name, () => assert.deepEqual(words(plan(desired, { containers: has, admissions: took }, { ...limits, ...within })), gives));
});

const anyWork = fc.record({
  uid: fc.constantFrom('u1', 'u2', 'u3', 'u4', 'u5'),
  epoch: fc.integer({ min: 1, max: 3 }),
  power: fc.constantFrom('Running' as const, 'Paused' as const, 'Stopped' as const),
  gpus: fc.uniqueArray(fc.nat(5), { maxLength: 3 }),
  cpus: fc.uniqueArray(fc.nat(8), { maxLength: 3 }),
  isFenced: fc.boolean(),
});
const anyDesired = fc.uniqueArray(anyWork, { selector: ({ uid }) => uid, maxLength: 5 }).map((list) => list.map((given) => work(given)));
const anyEvent = fc.oneof(
  anyDesired.map((desired) => ({ what: 'want' as const, desired })),
  fc.record({ what: fc.constant('exit' as const), pick: fc.nat(9), code: fc.constantFrom(0, 3, 137) }),
  fc.record({ what: fc.constant('lose' as const), pick: fc.nat(9) }),
);

/** Carries out plans until nothing is left; what is given to two at once would be seen at every step. */
function settle(node: ReturnType<typeof modelNode>, desired: Work[], at: number): number {
  for (let round = 0; round < 6; round++) {
    const actions = plan(desired, node.observed(), { ...limits, nowMs: at });
    if (actions.length === 0) return round;
    for (const action of actions) {
      node.apply(action, at);
      assertNothingTwice(node.observed());
    }
  }
  return Number.POSITIVE_INFINITY;
}

function assertNothingTwice({ admissions, containers }: ReturnType<ReturnType<typeof modelNode>['observed']>): void {
  const alive = new Set(containers.filter(({ state }) => state === 'running' || state === 'paused').map(({ uid }) => uid));
  const holding = admissions.filter(({ outcome, uid }) => !outcome || alive.has(uid));
  for (const kind of ['gpus', 'cpus'] as const) {
    const given = holding.flatMap((admission) => admission[kind]);
    assert.equal(given.length, new Set(given).size, `${kind} given twice: ${given}`);
  }
  for (const uid of alive)
    assert.equal(containers.filter((other) => other.uid === uid && (other.state === 'running' || other.state === 'paused')).length, 1);
}

describe('whatever is wanted and whatever happens', () => {
  it('comes to rest, gives no device twice, starts nothing twice, and keeps what is final', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 12 }), (events) => {
        const node = modelNode();
        let desired: Work[] = [];
        let at = nowMs;
        for (const event of events) {
          at += 1_000;
          const before = new Map(node.observed().admissions.map((admission) => [admission.uid, admission]));
          const picked = node.observed().containers.filter(({ state }) => state === 'running')[event.what === 'want' ? 99 : event.pick];
          if (event.what === 'want') desired = event.desired;
          else if (picked && event.what === 'exit') node.exit(picked.id, event.code, at);
          else if (picked) node.lose(picked.id);
          assert.ok(settle(node, desired, at) < 6, 'the plan never comes to rest');
          for (const { uid, outcome } of node.observed().admissions) {
            const old = before.get(uid)?.outcome;
            if (old) assert.deepEqual(outcome, old);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
