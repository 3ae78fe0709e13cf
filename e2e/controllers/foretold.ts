import { decidingKinds, type Edit, type Outcome, whatIf } from '@river/controllers/what-if';
import type { KubeObject } from '@river/crds';
import { Placement, Task } from '@river/crds/kinds';
import type { ApiClient } from '@river/runtime';
import { readCluster } from '../../cli/src/simulate/read-cluster.ts';

/** By Task: on which node and GPUs it is, or that it waits. Which cores it has hangs on the moment in which others end. */
export type Standing = Map<string, string>;

const placeOf = (node: string, gpus: readonly number[]) => `${node} [${gpus.join(',')}]`;
const isOver = ({ status }: Placement) => status?.conditions?.some(({ type, status: is }) => type === 'Finished' && is === 'True') === true;

/** How everything stands in truth. Undefined while something is on its way. */
export function standingOf(objects: readonly KubeObject[]): Standing | undefined {
  const placements = objects.filter(({ kind }) => kind === Placement.kind) as unknown as Placement[];
  const tasks = objects.filter(({ kind }) => kind === Task.kind) as unknown as Task[];
  const standing: Standing = new Map();
  for (const task of tasks) {
    if (task.metadata.deletionTimestamp) return undefined;
    const placement = placements.find((each) => each.spec.owner.uid === task.metadata.uid && !isOver(each));
    if (!placement || placement.spec.power === 'Stopped') return undefined;
    const { nodeName, gpus = [] } = placement.spec;
    if (nodeName === undefined && !placement.status?.waiting) return undefined;
    if (nodeName !== undefined && task.status?.phase !== 'Running') return undefined;
    const indexes = gpus.map(({ index }) => index);
    standing.set(task.metadata.name, nodeName === undefined ? 'waits' : placeOf(nodeName, indexes));
  }
  const owners = new Set(tasks.map(({ metadata }) => metadata.uid));
  return placements.some((placement) => !owners.has(placement.spec.owner.uid)) ? undefined : standing;
}

/** How everything would stand after a change. */
export function foretold(before: Standing, edits: readonly Edit[], { starts, ends, waits }: Outcome): Standing {
  const standing = new Map(before);
  for (const edit of edits) if ('remove' in edit) standing.delete(edit.remove.metadata.name);
  for (const { task } of ends) standing.delete(task);
  for (const { task } of waits) standing.set(task, 'waits');
  for (const { task, node, gpus } of starts) standing.set(task, placeOf(node, gpus));
  return standing;
}

export async function foretell(client: ApiClient, before: Standing, edits: readonly Edit[]): Promise<Standing> {
  const objects = await readCluster(client, decidingKinds);
  return foretold(before, edits, whatIf(objects, edits, { monotonicMs: 0, wallMs: Date.now() }));
}

export const sayOf = (standing: Standing | undefined): string =>
  standing
    ? [...standing]
        .map(([task, place]) => `${task}: ${place}`)
        .sort()
        .join('\n')
    : 'something is on its way';
