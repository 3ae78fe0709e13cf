import fc from 'fast-check';
import type { Snapshot } from '../snapshot.ts';
import { type AskChoice, gib, gpuFacts, nodeFacts, pendingOf, queueFacts, snapshotOf } from './facts.ts';

const nodeNames = ['ant', 'bee', 'cat', 'dog'];

const arbitraryNode = (name: string) =>
  fc
    .record({
      cores: fc.integer({ min: 1, max: 8 }),
      memoryGib: fc.integer({ min: 1, max: 32 }),
      sockets: fc.constantFrom(0, 0, 1, 2),
      gpus: fc.array(
        fc.record({
          model: fc.constantFrom('nvidia h200', 'nvidia a100', 'nvidia a100 mig 1g.10gb'),
          memoryGib: fc.constantFrom(10, 80, 141),
          isUsable: fc.constantFrom(true, true, true, false),
        }),
        { maxLength: 6 },
      ),
      zone: fc.constantFrom('east', 'west'),
      taint: fc.constantFrom(undefined, undefined, undefined, 'NoSchedule' as const, 'PreferNoSchedule' as const),
      isReady: fc.constantFrom(true, true, true, true, false),
      isCordoned: fc.constantFrom(false, false, false, false, true),
    })
    .map((made) => {
      const { cores, sockets } = made;
      const perSocket = Math.ceil(cores / Math.max(1, sockets));
      const all = Array.from({ length: cores }, (_, core) => core);
      return nodeFacts(name, {
        ...{ cpu: cores, memoryGib: made.memoryGib, isReady: made.isReady, isCordoned: made.isCordoned, labels: { zone: made.zone } },
        taints: made.taint ? [{ key: 'lab', effect: made.taint }] : [],
        numa: Array.from({ length: sockets }, (_, id) => ({
          ...{ id, cores: all.slice(id * perSocket, (id + 1) * perSocket), memoryBytes: (made.memoryGib * gib) / sockets },
        })),
        gpus: made.gpus.map(({ model, memoryGib, isUsable }, index) =>
          gpuFacts(index, {
            model,
            isUsable,
            memoryBytes: memoryGib * gib,
            isSlice: model.includes('mig'),
            numaNode: index % Math.max(1, sockets),
          }),
        ),
      });
    });

const arbitraryAsk: fc.Arbitrary<AskChoice> = fc
  .record({
    cpu: fc.constantFrom(0, 0.5, 1, 1, 2, 3, 5),
    memoryGib: fc.constantFrom(0, 1, 4, 12),
    gpus: fc.option(
      fc.record({
        count: fc.integer({ min: 1, max: 4 }),
        model: fc.constantFrom(undefined, undefined, 'a100', 'mig'),
        memoryBytes: fc.constantFrom(0, 40 * gib),
      }),
      { freq: 2 },
    ),
    target: fc.option(
      fc.record({
        node: fc.constantFrom(...nodeNames),
        numa: fc.constantFrom(undefined, 0, 1),
        gpus: fc.constantFrom(undefined, [0], [1, 2]),
      }),
      { freq: 6 },
    ),
    zone: fc.constantFrom(undefined, undefined, undefined, 'east'),
    tolerates: fc.boolean(),
    longestMs: fc.constantFrom(10_000, 60_000, 600_000, Number.POSITIVE_INFINITY),
  })
  .map(({ cpu, memoryGib, gpus, target, zone, tolerates, longestMs }) => ({
    ...{ cpu, memoryGib, longestMs },
    ...(gpus && { gpus: { count: gpus.count, memoryBytes: gpus.memoryBytes, ...(gpus.model !== undefined && { model: gpus.model }) } }),
    targets: target
      ? [{ node: target.node, ...(target.numa !== undefined && { numa: target.numa }), ...(target.gpus && { gpus: target.gpus }) }]
      : [],
    nodeSelector: zone ? [['zone', zone] as const] : [],
    tolerations: tolerates ? [{ key: 'lab', operator: 'Exists' as const }] : [],
  }));

const arbitraryClaim = fc.record({
  namespace: fc.constantFrom('vision', 'speech', 'guest'),
  queue: fc.constantFrom(undefined, undefined, undefined, 'open', 'nowhere'),
  priority: fc.constantFrom(0, 0, 0, 5, 10),
});

const given = <T extends object>(some: T) =>
  Object.fromEntries(Object.entries(some).filter(([, value]) => value !== undefined)) as { [K in keyof T]: NonNullable<T[K]> };

const arbitraryQueue = (name: string, namespaces?: string[]) =>
  fc
    .record({
      weight: fc.integer({ min: 0, max: 3 }),
      quota: fc.constantFrom(undefined, { cpuMillis: 4000 }, { gpus: 2 }, { cpuMillis: 2000, gpus: 1 }),
      mayBorrow: fc.boolean(),
      borrowLimit: fc.constantFrom(undefined, { cpuMillis: 2000 }, { gpus: 1 }),
      lends: fc.boolean(),
      maxRunning: fc.constantFrom(undefined, undefined, 3),
      maxRunningPerNamespace: fc.constantFrom(undefined, undefined, 2),
      isHeld: fc.constantFrom(false, false, false, false, false, true),
    })
    .map((made) => queueFacts(name, { ...given(made), ...(namespaces && { namespaces }) }));

/** Small clusters with a bit of everything. */
export const arbitrarySnapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    nodes: fc.tuple(...nodeNames.map(arbitraryNode)),
    count: fc.integer({ min: 1, max: nodeNames.length }),
    queues: fc.tuple(arbitraryQueue('vision-queue', ['vision']), arbitraryQueue('speech-queue', ['speech']), arbitraryQueue('open')),
    pending: fc.array(
      fc.record({
        ask: arbitraryAsk,
        claim: arbitraryClaim,
        createdMs: fc.integer({ min: 0, max: 5 }),
        gang: fc.option(fc.record({ name: fc.constantFrom('g1', 'g2'), size: fc.integer({ min: 1, max: 3 }) }), { freq: 5 }),
      }),
      { maxLength: 24 },
    ),
  })
  .map(({ nodes, count, queues, pending }) =>
    snapshotOf({
      nodes: nodes.slice(0, count),
      queues,
      pending: pending.map(({ ask, claim, createdMs, gang }, at) =>
        pendingOf(`p${at}`, { ...ask, ...given(claim), createdMs, ...(gang && { gang: { ...gang, size: gang.name === 'g1' ? 2 : 3 } }) }),
      ),
    }),
  );
