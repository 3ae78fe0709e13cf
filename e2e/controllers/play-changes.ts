import { decidingKinds, type Edit, whatIf } from '@river/controllers/what-if';
import type { KubeObject } from '@river/crds';
import { Node, type ResourceDef, Task } from '@river/crds/kinds';
import type { ApiClient } from '@river/runtime';
import { readCluster } from '../../cli/src/simulate/read-cluster.ts';
import { eventually } from '../server/eventually.ts';
import { foretell, type Standing, sayOf, standingOf } from './foretold.ts';

const namespace = 'default';

export interface Played {
  changes: number;
  /** What came otherwise than it was foretold. */
  wrong: { change: string; foretold: string; came: string }[];
}

/** A row of numbers between 0 and 1 that a seed fixes. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Makes random changes, one after the other; says of each beforehand what will come of it, and sees whether it does. */
export async function playChanges(client: ApiClient, count: number, roll: () => number): Promise<Played> {
  const played: Played = { changes: 0, wrong: [] };
  let before = await settled(client);
  for (let at = 0; at < count; at++) {
    const { said, edits, make } = await randomChange(client, at, roll);
    const told = await foretell(client, before, edits);
    await make();
    const isTold = (seen: Standing | undefined) => seen !== undefined && sayOf(seen) === sayOf(told);
    await eventually('what was foretold', () => standing(client), isTold, 4_000).catch(() => {});
    before = await settled(client);
    played.changes++;
    if (!isTold(before)) played.wrong.push({ change: said, foretold: sayOf(told), came: sayOf(before) });
  }
  return played;
}

const standing = async (client: ApiClient) => standingOf(await readCluster(client, decidingKinds));

/** How it stands when it has stood so twice in a row and nothing more is to come. */
async function settled(client: ApiClient): Promise<Standing> {
  let last = '';
  const look = async () => {
    const objects = await readCluster(client, decidingKinds);
    const isResting = whatIf(objects, [], { monotonicMs: 0, wallMs: Date.now() }).underWay === 0;
    return isResting ? standingOf(objects) : undefined;
  };
  const seen = await eventually(
    'all has come to rest',
    look,
    (now) => {
      const isSame = now !== undefined && sayOf(now) === last;
      last = sayOf(now);
      return isSame;
    },
    30_000,
  );
  return seen as Standing;
}

interface RandomChange {
  said: string;
  edits: Edit[];
  make(): Promise<unknown>;
}

async function randomChange(client: ApiClient, at: number, roll: () => number): Promise<RandomChange> {
  const tasks = client.resource<KubeObject>(refOf(Task));
  const nodes = client.resource<KubeObject & { spec: object }>(refOf(Node));
  const pick = <T>(all: readonly T[]): T => all[Math.floor(roll() * all.length)] as T;
  const present = (await tasks.list({ namespace })).items;
  const what = roll();
  if (what < 0.1) {
    const found = await nodes.get(pick((await nodes.list()).items).metadata.name);
    const unschedulable = roll() < 0.5;
    const put = { ...found, spec: { ...found.spec, unschedulable } };
    const make = () => nodes.patch(found.metadata.name, { spec: { unschedulable } }, { type: 'merge' });
    return { said: `${unschedulable ? 'cordon' : 'uncordon'} ${found.metadata.name}`, edits: [{ put }], make };
  }
  if (present.length > 0 && (what < 0.35 || present.length > 60)) {
    const remove = await tasks.get(pick(present).metadata.name, { namespace });
    return { said: `delete ${remove.metadata.name}`, edits: [{ remove }], make: () => tasks.delete(remove.metadata.name, { namespace }) };
  }
  const gpus = roll() < 0.3 ? { gpus: { count: 1 + Math.floor(roll() * 2) } } : {};
  const resources = { cpu: String(1 + Math.floor(roll() * 8)), memory: `${1 + Math.floor(roll() * 8)}Gi`, ...gpus };
  const spec = { image: 'busybox', resources, priority: Math.floor(roll() * 3) * 100 };
  const task = { apiVersion: 'river.dev/v1', kind: 'Task', metadata: { name: `t${String(at).padStart(5, '0')}`, namespace }, spec };
  const put = await tasks.create(task as KubeObject, { namespace, dryRun: true });
  return { said: `submit ${JSON.stringify(spec)}`, edits: [{ put }], make: () => tasks.create(task as KubeObject, { namespace }) };
}

const refOf = ({ group, version, plural, kind, scope }: ResourceDef) => ({
  ...{ group, version, plural, kind },
  namespaced: scope === 'Namespaced',
});

export const fleetStatus = {
  allocatable: { cpu: '16', memory: '64Gi' },
  topology: {
    numa: [
      { id: 0, cpus: '0-7', memory: '32Gi' },
      { id: 1, cpus: '8-15', memory: '32Gi' },
    ],
    gpus: [0, 1, 2, 3].map((index) => ({
      ...{ index, uuid: `GPU-${index}`, model: 'NVIDIA H200', memory: '141Gi', driver: 'nvidia', health: 'Healthy' },
      ...{ pciAddress: `0000:0${index}:00.0`, numaNode: index < 2 ? 0 : 1 },
    })),
  },
};
