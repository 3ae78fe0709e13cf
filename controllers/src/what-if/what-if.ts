import type { KubeObject } from '@river/crds';
import { Placement, Task, type TaskSet } from '@river/crds/kinds';
import type { Now } from '../decide/decision.ts';
import { isOver, stopReasonOf } from '../placement/placement-state.ts';
import { evictedForAnnotation } from '../scheduler/binding-patch.ts';
import { keyOf } from '../scheduler/read-placement.ts';
import type { Waiting } from '../scheduler/snapshot.ts';
import { isFinal } from '../task/task-status.ts';
import { indexLabel } from '../task-set/members.ts';
import { applyEdits, type Edit } from './apply-edits.ts';
import { type CopiedCluster, copyCluster } from './settle.ts';

/** Whom it is about: a Task, and the set that it is of. */
export interface About {
  namespace: string;
  task: string;
  set?: { name: string; index: number };
}

export interface Start extends About {
  node: string;
  gpus: number[];
  cpuset?: string;
}

export interface End extends About {
  node: string;
  reason: string;
  /** The Task for whose sake it is sent away. */
  forTask?: string;
}

export interface Wait extends About {
  reason: string;
  message: string;
  estimatedStartMs?: number;
  nodes: Waiting['nodes'];
}

/** What becomes of a change, against what would be without it. */
export interface Outcome {
  starts: Start[];
  ends: End[];
  /** What waits, and did not, or waited for something else. */
  waits: Wait[];
  /** How much starts and ends anyway, because the cluster has not come to rest: what is told here comes after that. */
  underWay: number;
  /** What the controllers would warn of. */
  warnings: { kind: string; name: string; namespace?: string; reason: string; message: string }[];
}

/**
 * Plays a change on a copy of the cluster, with the deciders that would decide about it. First the copy comes to rest as it is, so
 * that only what comes of the change is told. Work that is asked to end ends at once; work that runs goes on running.
 */
export function whatIf(objects: Iterable<KubeObject>, edits: readonly Edit[], now: Now): Outcome {
  const copy = copyCluster(objects, now);
  const first = standings(copy, []);
  const before = standings(copy, copy.settle());
  const anyway = differences(first, before);
  const told = copy.events.length;
  applyEdits(copy.table, edits);
  const after = standings(copy, copy.settle());
  return {
    ...differences(before, after),
    underWay: anyway.starts.length + anyway.ends.length,
    warnings: warningsIn(copy.events.slice(told)),
  };
}

type Standing = { about: About } & (
  | { is: 'placed'; placement: Placement }
  | { is: 'over'; placement: Placement }
  | { is: 'waiting'; wait: Wait }
);

/** How every Placement stands, and every Task that has none. */
function standings({ table }: CopiedCluster, waiting: readonly Waiting[]): Map<string, Standing> {
  const waits = new Map(waiting.map((each) => [each.key, each]));
  const found = new Map<string, Standing>();
  const busy = new Set<string>();
  // The table holds under a kind what is of that kind.
  for (const placement of table.all(Placement.kind) as never as Placement[]) {
    const about = aboutOf(table.find(Task.kind, placement.spec.owner.name, placement.metadata.namespace), placement);
    const wait = waits.get(keyOf(placement));
    if (!isOver(placement)) busy.add(placement.spec.owner.uid);
    if (isOver(placement)) found.set(keyOf(placement), { about, is: 'over', placement });
    else if (placement.spec.nodeName !== undefined) found.set(keyOf(placement), { about, is: 'placed', placement });
    else if (wait) found.set(keyOf(placement), { about, is: 'waiting', wait: { ...about, ...wait } });
  }
  for (const task of table.all(Task.kind) as never as Task[]) {
    if (busy.has(task.metadata.uid ?? '') || isFinal(task)) continue;
    const { reason = task.status?.phase ?? 'Pending', message = '' } = task.status?.waiting ?? {};
    const about = aboutOf(task as unknown as KubeObject, task);
    found.set(`task ${about.namespace}/${about.task}`, { about, is: 'waiting', wait: { ...about, reason, message, nodes: [] } });
  }
  return found;
}

function aboutOf(task: KubeObject | undefined, { metadata }: Placement | Task): About {
  const set = task?.metadata.ownerReferences?.find(({ kind }) => kind === ('TaskSet' satisfies TaskSet['kind']));
  return {
    namespace: metadata.namespace ?? '',
    task: task?.metadata.name ?? metadata.name,
    ...(set && { set: { name: set.name, index: Number(task?.metadata.labels?.[indexLabel] ?? 0) } }),
  };
}

type Differences = Pick<Outcome, 'starts' | 'ends' | 'waits'>;

function differences(before: ReadonlyMap<string, Standing>, after: ReadonlyMap<string, Standing>): Differences {
  const found: Differences = { starts: [], ends: [], waits: [] };
  for (const [key, now] of after) {
    const was = before.get(key);
    if (now.is === 'placed' && was?.is !== 'placed') found.starts.push(startOf(now));
    if (now.is === 'over' && was?.is === 'placed') found.ends.push(endOf(was, now.placement, after));
    if (now.is === 'waiting' && !(was?.is === 'waiting' && isAlike(was.wait, now.wait))) found.waits.push(now.wait);
  }
  for (const [key, was] of before)
    if (was.is === 'placed' && !after.has(key))
      found.ends.push({ ...was.about, node: was.placement.spec.nodeName ?? '', reason: 'Deleted' });
  return found;
}

const startOf = ({ about, placement: { spec } }: Standing & { is: 'placed' }): Start => ({
  ...about,
  node: spec.nodeName ?? '',
  gpus: (spec.gpus ?? []).map(({ index }) => index),
  ...(spec.cpuset !== undefined && { cpuset: spec.cpuset }),
});

function endOf({ about, placement }: Standing & { is: 'placed' }, ended: Placement, all: ReadonlyMap<string, Standing>): End {
  const forKey = ended.metadata.annotations?.[evictedForAnnotation];
  const forTask = forKey === undefined ? undefined : (all.get(forKey)?.about.task ?? forKey);
  const reason = stopReasonOf(ended) ?? ended.status?.reason ?? 'Stopped';
  return { ...about, node: placement.spec.nodeName ?? '', reason, ...(forTask !== undefined && { forTask }) };
}

/** An estimate that has moved by a minute is another. */
function isAlike(was: Wait, now: Wait): boolean {
  if (was.reason !== now.reason || was.message !== now.message) return false;
  const [left, right] = [was.estimatedStartMs, now.estimatedStartMs];
  return left === right || (left !== undefined && right !== undefined && Math.abs(left - right) < 60_000);
}

const warningsIn = (events: CopiedCluster['events']): Outcome['warnings'] =>
  events
    .filter(({ type }) => type === 'Warning')
    .map(({ about: { kind, metadata }, reason, message }) => ({
      ...{ kind, name: metadata.name, reason, message },
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
    }));
