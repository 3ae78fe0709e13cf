import { readFileSync } from 'node:fs';
import { Node, Placement, PriorityClass, Queue } from '@river/crds/kinds';
import { boundAs } from '../binding-patch.ts';
import { keyOf } from '../read-placement.ts';
import { snapshotReader } from '../read-snapshot.ts';
import { type SchedulingOptions, schedule } from '../schedule.ts';
import type { Decision, Snapshot } from '../snapshot.ts';

/** A node as its agent would report it: see the folder `topologies`. */
export const topology = (name: string): Node =>
  Node.parse(JSON.parse(readFileSync(new URL(`../topologies/${name}.json`, import.meta.url), 'utf8')));

type Spec = Record<string, unknown>;

export const placementObject = (name: string, spec: Spec = {}, meta: Spec = {}): Placement =>
  Placement.parse({
    apiVersion: 'river.dev/v1',
    kind: 'Placement',
    metadata: { name, namespace: 'lab', uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...meta },
    spec: { owner: { kind: 'Task', name, uid: `owner-${name}` }, attempt: 1, image: 'busybox:test', ...spec },
  });

export const queueObject = (name: string, spec: Spec = {}): Queue =>
  Queue.parse({ apiVersion: 'river.dev/v1', kind: 'Queue', metadata: { name }, spec });

export const priorityClassObject = (name: string, value: number, rest: Spec = {}): PriorityClass =>
  PriorityClass.parse({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, ...rest });

interface Objects {
  nodes: Node[];
  placements: Placement[];
  queues?: Queue[];
  priorityClasses?: PriorityClass[];
}

export const snapshotOfObjects = (objects: Objects): Snapshot =>
  snapshotReader()({ queues: [], priorityClasses: [], namespaces: [], ...objects });

/** Schedules, and gives back the placements as they are after it. */
export function scheduleObjects(objects: Objects, options?: Partial<SchedulingOptions>): Decision & { placements: Placement[] } {
  const decision = schedule(snapshotOfObjects(objects), Date.UTC(2026, 0, 1), options);
  const placements = objects.placements.map((placement) => {
    const binding = decision.bindings.find(({ key }) => key === keyOf(placement));
    return binding ? boundAs(placement, binding) : placement;
  });
  return { ...decision, placements };
}
