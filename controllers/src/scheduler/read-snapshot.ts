import { durationMs, type KubeObject, type LabelMatcher, SelectorError, selectorMatcher } from '@river/crds';
import type { Node, Placement, PriorityClass, Queue } from '@river/crds/kinds';
import { evictedForAnnotation } from './binding-patch.ts';
import { partialAmounts } from './read-amounts.ts';
import { readNode } from './read-node.ts';
import { isBound, isOver, isPending, keyOf, readAsk, readGang, readHeld } from './read-placement.ts';
import type { Holder, NodeFacts, Pending, QueueFacts, Snapshot } from './snapshot.ts';

/** The cluster as objects say it, defaults filled in. */
export interface ClusterObjects {
  nodes: readonly Node[];
  /** Those that are over tell only for whom they were sent away. */
  placements: Iterable<Placement>;
  queues: readonly Queue[];
  priorityClasses: readonly PriorityClass[];
  namespaces: readonly KubeObject[];
  /** See {@link Snapshot.usage}. */
  usage?: Readonly<Record<string, number>>;
  /** How long such a placement is expected to run, where that is known. */
  expectedMs?: (placement: Placement) => number | undefined;
}

type ReadPlacement = { pending: Omit<Pending, 'priority' | 'mayPreempt'> } | { holder: Omit<Holder, 'priority'> } | undefined;

/** Makes snapshots; what an object says is read once for each of its revisions. */
export function snapshotReader(): (objects: ClusterObjects) => Snapshot {
  const nodes = new WeakMap<Node, { facts: NodeFacts | undefined }>();
  const placements = new WeakMap<Placement, { read: ReadPlacement }>();
  const factsOf = (node: Node): NodeFacts[] => {
    const known = nodes.get(node) ?? { facts: orNothing(() => readNode(node)) };
    nodes.set(node, known);
    return known.facts ? [known.facts] : [];
  };
  const read = (placement: Placement): ReadPlacement => {
    const known = placements.get(placement);
    if (known) return known.read;
    const made = orNothing(() => readPlacement(placement));
    placements.set(placement, { read: made });
    return made;
  };
  return (objects) => {
    const ranks = priorities(objects.priorityClasses);
    const holders: Holder[] = [];
    const pending: Pending[] = [];
    const roomOn = new Map<string, string[]>();
    for (const placement of objects.placements) {
      const forKey = placement.metadata.annotations?.[evictedForAnnotation];
      if (forKey !== undefined && placement.spec.nodeName !== undefined)
        roomOn.set(forKey, [...(roomOn.get(forKey) ?? []), placement.spec.nodeName]);
      const found = read(placement);
      if (!found) continue;
      const { priority, mayPreempt } = ranks(placement);
      const expectedMs = objects.expectedMs?.(placement);
      if ('holder' in found) holders.push({ ...found.holder, priority, ...atMost(expectedMs, found.holder) });
      else
        pending.push({ ...found.pending, priority, mayPreempt, ask: { ...found.pending.ask, ...atMost(expectedMs, found.pending.ask) } });
    }
    return {
      holders,
      pending: roomOn.size === 0 ? pending : pending.map((each) => withRoom(each, roomOn.get(each.key))),
      nodes: objects.nodes.flatMap(factsOf),
      queues: objects.queues.map((queue) => readQueue(queue, objects.namespaces)),
      usage: objects.usage ?? {},
    };
  };
}

/** One object that cannot be read is left out: it must not stop everybody else. The API takes none such; another server may. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const withRoom = (pending: Pending, roomOn: string[] | undefined): Pending => (roomOn === undefined ? pending : { ...pending, roomOn });

/** What is expected changes with what others have taken, so it is no part of what is remembered. */
const atMost = (expectedMs: number | undefined, { longestMs }: { longestMs: number }) =>
  expectedMs === undefined ? {} : { expectedMs: Math.min(longestMs, expectedMs) };

function readPlacement(placement: Placement): ReadPlacement {
  const { spec, status, metadata } = placement;
  const gang = readGang(placement);
  const claim = {
    key: keyOf(placement),
    namespace: metadata.namespace ?? '',
    ...(spec.queue !== undefined && { queue: spec.queue }),
    ...(gang && { gang }),
  };
  if (isPending(placement)) {
    return { pending: { ...claim, createdMs: Date.parse(metadata.creationTimestamp ?? '') || 0, ask: readAsk(placement) } };
  }
  if (!isBound(placement) || isOver(placement)) return undefined;
  const ask = readAsk(placement);
  return {
    holder: {
      ...claim,
      ...readHeld(placement),
      node: spec.nodeName ?? '',
      ...(status?.startTime !== undefined && { startedMs: Date.parse(status.startTime) }),
      longestMs: ask.longestMs,
      expectedMs: ask.expectedMs,
      graceMs: durationMs(spec.gracePeriod),
      isLeaving: spec.power === 'Stopped' || metadata.deletionTimestamp !== undefined,
      // What a person set up to stay is not the scheduler's to end.
      mayBeEvicted: spec.owner.kind === 'Task',
    },
  };
}

function priorities(classes: readonly PriorityClass[]) {
  const byName = new Map(classes.map((each) => [each.metadata.name, each]));
  const usual = classes.find(({ globalDefault }) => globalDefault);
  return ({ spec }: Placement): { priority: number; mayPreempt: boolean } => {
    const named = spec.priorityClassName === undefined ? usual : byName.get(spec.priorityClassName);
    return { priority: spec.priority ?? named?.value ?? 0, mayPreempt: named?.preemptionPolicy !== 'Never' };
  };
}

/** A selector that cannot be read selects nothing, so that one bad queue does not stop the others. */
function matcherOf(selector: Queue['spec']['namespaceSelector']): LabelMatcher {
  try {
    return selectorMatcher(selector);
  } catch (error) {
    if (error instanceof SelectorError) return () => false;
    throw error;
  }
}

function readQueue({ metadata, spec }: Queue, namespaces: readonly KubeObject[]): QueueFacts {
  const isSelected = matcherOf(spec.namespaceSelector);
  const selected = namespaces.filter((namespace) => isSelected(namespace.metadata.labels)).map((namespace) => namespace.metadata.name);
  return {
    name: metadata.name,
    weight: spec.weight,
    namespaces: [...new Set([...(spec.namespaces ?? []), ...selected])],
    isOpen: spec.namespaces === undefined && spec.namespaceSelector === undefined,
    ...(spec.quota && { quota: partialAmounts(spec.quota) }),
    mayBorrow: spec.borrowing.mode === 'Allowed',
    ...(spec.borrowing.limit && { borrowLimit: partialAmounts(spec.borrowing.limit) }),
    lends: spec.borrowing.lend,
    ...(spec.maxRunning !== undefined && { maxRunning: spec.maxRunning }),
    ...(spec.maxRunningPerNamespace !== undefined && { maxRunningPerNamespace: spec.maxRunningPerNamespace }),
    isHeld: spec.hold,
  };
}
