import { schedule } from '@river/controllers';
import { percentile, round } from './api/measure.ts';

type Snapshot = Parameters<typeof schedule>[0];
type Pending = Snapshot['pending'][number];
type NodeFacts = Snapshot['nodes'][number];

const gib = 1024 ** 3;
const hour = 3_600_000;

/** Two sockets, 64 cores, 512 GiB; every second node has eight GPUs. */
function node(at: number): NodeFacts {
  const cores = (first: number) => Array.from({ length: 32 }, (_, core) => first + core);
  const numa = [0, 1].map((id) => ({ id, cores: cores(id * 32), memoryBytes: 256 * gib }));
  const gpus = Array.from({ length: at % 2 === 0 ? 8 : 0 }, (_, index) => ({
    ...{ index, model: at % 4 === 0 ? 'nvidia h200' : 'nvidia a100', memoryBytes: 141 * gib, numaNode: index >> 2 },
    ...{ isUsable: true, isSlice: false },
  }));
  return {
    ...{
      name: `node-${String(at).padStart(5, '0')}`,
      labels: { rack: `r${at % 40}` },
      taints: [],
      isReady: true,
      isCordoned: false,
      numa,
      gpus,
    },
    allocatable: { cpuMillis: 64_000, memoryBytes: 512 * gib, storageBytes: 1000 * gib, gpus: gpus.length },
  };
}

/** So many kinds of asks; `isEach` has every one differ from all others. */
function pending(at: number, kinds: number, isEach: boolean): Pending {
  const kind = at % kinds;
  const gpus = kind % 4 === 3 ? { count: 1 + (kind % 2), memoryBytes: 0 } : undefined;
  const ask = {
    ...{ cpuMillis: kind % 3 === 0 ? 500 : 1000, memoryBytes: (1 + (kind % 5)) * gib + (isEach ? at : 0), storageBytes: 0 },
    ...(gpus && { gpus }),
    ...{ targets: [], nodeSelector: kind % 7 === 6 ? [['rack', `r${kind % 40}`] as const] : [], tolerations: [] },
    ...{ longestMs: hour + at, expectedMs: hour },
  };
  const namespace = `user-${at % 20}`;
  return {
    ...{ key: `${namespace}/t-${at}`, namespace, priority: 0, createdMs: at, mayPreempt: true },
    ask: { ...ask, shape: JSON.stringify({ ...ask, longestMs: 0 }) },
  };
}

interface Case {
  name: string;
  nodes: number;
  pending: number;
  kinds: number;
  isEach: boolean;
}

const cases: readonly Case[] = [
  { name: '1,000 nodes, 10,000 pending of one kind', nodes: 1_000, pending: 10_000, kinds: 1, isEach: false },
  { name: '1,000 nodes, 10,000 pending of 28 kinds', nodes: 1_000, pending: 10_000, kinds: 28, isEach: false },
  { name: '1,000 nodes, 2,000 pending that all differ', nodes: 1_000, pending: 2_000, kinds: 28, isEach: true },
  { name: '100 nodes, 1,000 pending of 28 kinds', nodes: 100, pending: 1_000, kinds: 28, isEach: false },
  { name: '100 nodes, 100,000 pending of 28 kinds, most of which wait', nodes: 100, pending: 100_000, kinds: 28, isEach: false },
];

function measure({ name, nodes, pending: many, kinds, isEach }: Case, rounds: number) {
  const snapshot: Snapshot = {
    nodes: Array.from({ length: nodes }, (_, at) => node(at)),
    pending: Array.from({ length: many }, (_, at) => pending(at, kinds, isEach)),
    ...{ holders: [], queues: [], usage: {} },
  };
  const took: number[] = [];
  let bound = 0;
  for (let at = 0; at < rounds; at++) {
    const startMs = performance.now();
    bound = schedule(snapshot, 0).bindings.length;
    took.push(performance.now() - startMs);
  }
  const p50Ms = percentile(took, 50);
  return { name, bound, passP50Ms: round(p50Ms), placementsPerSecond: Math.round((bound / p50Ms) * 1000) };
}

/** The pure function alone: no API server, no watch and no write stands behind these figures. */
export async function benchScheduler(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write('Usage: ./river bench scheduler [--quick]\nOne pass of the pure scheduling function, on empty clusters.\n');
    return 0;
  }
  const rounds = args.includes('--quick') ? 3 : 15;
  const results = cases.map((each) => measure(each, rounds));
  process.stdout.write(
    `${JSON.stringify({ what: 'the pure function alone, without API server, watches and writes', rounds, results }, null, 2)}\n`,
  );
  return 0;
}
