import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { formatCpuList, parseCpuList } from './cpu-list.ts';
import { heap } from './heap.ts';
import { inParallel } from './in-parallel.ts';
import { placementBook } from './placement-book.ts';
import { parseTarget, readAsk } from './read-placement.ts';
import { snapshotReader } from './read-snapshot.ts';
import { schedule } from './schedule.ts';
import { nodeFacts, pendingOf, snapshotOf } from './testing/facts.ts';
import { placementObject, priorityClassObject, queueObject, snapshotOfObjects, topology } from './testing/objects.ts';

it('writes a list of cores as it reads it', () => {
  assert.deepEqual(parseCpuList('0-3,8,10-11'), [0, 1, 2, 3, 8, 10, 11]);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(300), { minLength: 1 }), (cores) => {
      assert.deepEqual(
        parseCpuList(formatCpuList(cores)),
        cores.toSorted((a, b) => a - b),
      );
    }),
  );
});

it('gives from a heap in order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), (numbers) => {
      const sorted = heap<number>((a, b) => a < b);
      for (const number of numbers) sorted.push(number);
      assert.deepEqual(
        numbers.map(() => sorted.pop()),
        numbers.toSorted((a, b) => a - b),
      );
      assert.equal(sorted.pop(), undefined);
    }),
  );
});

it('does many things at once, each of them, and throws what the first threw only at the end', async () => {
  const seen: number[] = [];
  const act = async (item: number) => {
    await Promise.resolve();
    seen.push(item);
    if (item === 2) throw new Error('two');
  };
  await assert.rejects(inParallel([1, 2, 3, 4], 2, act), /two/);
  assert.deepEqual(seen.toSorted(), [1, 2, 3, 4]);
});

it('reads targets, asks and gangs', () => {
  assert.deepEqual(parseTarget('tiger.lab:1::2,3'), { node: 'tiger.lab', numa: 1, gpus: [2, 3] });
  assert.deepEqual(parseTarget('tiger::7'), { node: 'tiger', gpus: [7] });
  assert.deepEqual(parseTarget('tiger'), { node: 'tiger' });
  const ask = readAsk(
    placementObject('p', { resources: { cpu: '1500m', memory: '1Gi', gpus: { model: 'H200' } }, timeout: '1h', gracePeriod: '30s' }),
  );
  assert.deepEqual(
    [ask.cpuMillis, ask.memoryBytes, ask.gpus, ask.longestMs],
    [1500, 1024 ** 3, { count: 1, memoryBytes: 0, model: 'h200' }, 3_630_000],
  );
  const gang = (size: string) => ({ annotations: { 'river.dev/gang': 'g', 'river.dev/gang-size': size } });
  const { pending } = snapshotOfObjects({
    nodes: [],
    placements: ['4', '0', 'x'].map((size, at) => placementObject(`p${at}`, {}, gang(size))),
  });
  assert.deepEqual(
    pending.map((each) => each.gang),
    [{ name: 'g', size: 4 }, undefined, undefined],
  );
});

it('counts everything that is bound and not over as holding, whatever its phase, and nothing that is not wanted as pending', () => {
  const bound = { nodeName: 'tiger', epoch: 1 };
  const inPhase = (name: string, phase: string, spec = {}) =>
    ({ ...placementObject(name, spec), status: { phase } }) as ReturnType<typeof placementObject>;
  const { holders, pending } = snapshotOfObjects({
    nodes: [topology('eight-gpus-two-sockets')],
    placements: [
      ...['Assigned', 'Starting', 'Running', 'Paused', 'Unreachable'].map((phase) => inPhase(phase.toLowerCase(), phase, bound)),
      ...['Succeeded', 'Failed', 'Lost', 'Rejected'].map((phase) => inPhase(phase.toLowerCase(), phase, bound)),
      placementObject('stopping', { ...bound, power: 'Stopped' }),
      placementObject('new'),
      placementObject('paused-before', { power: 'Paused' }),
      placementObject('stopped-before', { power: 'Stopped' }),
      placementObject('deleted', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      inPhase('never-ran', 'Killed'),
    ],
  });
  assert.deepEqual(
    holders.map(({ key, isLeaving }) => `${key} ${isLeaving}`),
    ['lab/assigned false', 'lab/starting false', 'lab/running false', 'lab/paused false', 'lab/unreachable false', 'lab/stopping true'],
  );
  assert.deepEqual(
    pending.map(({ key }) => key),
    ['lab/new'],
  );
});

it('takes the priority that is given, else that of the class, else the usual one', () => {
  const priorityClasses = [
    priorityClassObject('high', 100, { preemptionPolicy: 'Never' }),
    priorityClassObject('usual', 5, { globalDefault: true }),
  ];
  const specs = [{ priority: 7 }, { priorityClassName: 'high' }, {}, { priorityClassName: 'gone' }];
  const { pending } = snapshotOfObjects({
    nodes: [],
    priorityClasses,
    placements: specs.map((spec, at) => placementObject(`p${at}`, spec)),
  });
  assert.deepEqual(
    pending.map(({ priority, mayPreempt }) => [priority, mayPreempt]),
    [
      [7, true],
      [100, false],
      [5, true],
      [0, true],
    ],
  );
});

it('reads a queue, and takes one that cannot be read for one that selects nothing', () => {
  const bad = { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } };
  const { queues } = snapshotOfObjects({
    nodes: [],
    placements: [],
    queues: [
      queueObject('q', { quota: { cpu: '2', memory: '1Gi', gpus: 4 }, borrowing: { mode: 'Forbidden', lend: false } }),
      queueObject('bad', bad),
    ],
  });
  assert.deepEqual(queues[0], {
    ...{ name: 'q', weight: 1, namespaces: [], isOpen: true, mayBorrow: false, lends: false, isHeld: false },
    quota: { cpuMillis: 2000, memoryBytes: 1024 ** 3, gpus: 4 },
  });
  assert.deepEqual([queues[1]?.isOpen, queues[1]?.namespaces], [false, []]);
});

it('never shows an older revision than one that it has seen, and lets go of what is over or replaced', () => {
  const book = placementBook();
  const at = (resourceVersion: string, spec = {}, meta = {}) => placementObject('p', spec, { resourceVersion, ...meta });
  const bound = { nodeName: 'tiger', epoch: 1 };
  book.take(at('9'));
  book.take(at('10', bound));
  book.take(at('9'));
  assert.equal(book.get('lab/p')?.spec.nodeName, 'tiger');
  book.drop(at('8', {}, { uid: 'another' }));
  assert.equal(book.size, 1);
  book.take(at('11', {}, { uid: 'new' }));
  assert.equal(book.get('lab/p')?.spec.nodeName, undefined);
  book.suppose(at('11', bound, { uid: 'new' }));
  book.take(at('12', {}, { uid: 'new' }));
  assert.equal(book.get('lab/p')?.spec.nodeName, 'tiger', 'what may have been done counts as done');
  book.take({ ...at('13', bound, { uid: 'new' }), status: { phase: 'Succeeded' } });
  assert.deepEqual([book.size, book.supposed()], [0, []]);
});

it('does not hold what is gone because a write to it was answered afterwards', () => {
  const book = placementBook();
  const placement = placementObject('p', {}, { resourceVersion: '9' });
  book.take(placement);
  book.answered(placementObject('p', { nodeName: 'tiger', epoch: 1 }, { resourceVersion: '10' }));
  assert.equal(book.get('lab/p')?.spec.nodeName, 'tiger');
  book.drop(placement);
  book.answered(placementObject('p', { nodeName: 'tiger', epoch: 1 }, { resourceVersion: '10' }));
  book.suppose(placement);
  assert.deepEqual([book.size, book.get('lab/p'), book.supposed()], [0, undefined, []]);
});

it('looks at so many that wait, and tells the others that they are far behind', () => {
  const pending = Array.from({ length: 30 }, (_, at) => pendingOf(`p${String(at).padStart(2, '0')}`, { cpu: at < 20 ? 2 : 1 }));
  const snapshot = snapshotOf({ nodes: [nodeFacts('ant', { cpu: 1 })], pending });
  const { bindings, waiting } = schedule(snapshot, 0, { mostConsidered: 10 });
  assert.deepEqual(bindings, []);
  assert.equal(waiting.length, 30);
  assert.equal(waiting.filter(({ message }) => message === 'More than 10 wait before it.').length, 20);
  assert.equal(schedule(snapshot, 0).bindings.length, 1);
});

it('binds so many in a pass, and says that it is not through', () => {
  const snapshot = snapshotOf({ nodes: [nodeFacts('ant', { cpu: 8 })], pending: ['a', 'b', 'c'].map((name) => pendingOf(name)) });
  const { bindings, isComplete } = schedule(snapshot, 0, { mostBindings: 2 });
  assert.deepEqual([bindings.length, isComplete, schedule(snapshot, 0, { mostBindings: 3 }).isComplete], [2, false, true]);
});

it('leaves out what cannot be read, and goes on with the others', () => {
  const good = placementObject('good', { resources: { cpu: '1' } });
  const bad = placementObject('bad');
  bad.spec.resources.memory = '5K';
  const node = { metadata: { name: 'ant' }, spec: {}, status: { allocatable: { cpu: '1..2' } } };
  const read = snapshotReader()({ nodes: [node as never], placements: [bad, good], queues: [], priorityClasses: [], namespaces: [] });
  assert.deepEqual([read.pending.map(({ key }) => key), read.nodes], [['lab/good'], []]);
});

it('believes no list of cores beyond the largest machine', () => {
  assert.deepEqual(parseCpuList('9007199254740992-9007199254740994'), []);
  assert.equal(parseCpuList('0-99999').length, 8192);
});
