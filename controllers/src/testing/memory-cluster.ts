import type { Json, KubeObject } from '@river/crds';
import type { ResourceDef } from '@river/crds/kinds';
import type { Change, Now, Step, View } from '../decide/decision.ts';
import { riverControllers, riverViews } from '../reconciling/river-controllers.ts';
import { merge, type ObjectTable, objectTable, parsed } from './object-table.ts';

/** A cluster in memory for pure deciders: what they change is changed at once, and time is the test's. */
export interface MemoryCluster extends View {
  now: Now;
  unbrokenSince: number;
  events: string[];
  /** Checks and defaults what a person or a node writes, and keeps it. */
  add<T extends KubeObject>(kind: ResourceDef<T, unknown>, draft: unknown): T;
  /** Changes an object as somebody else would. */
  edit<T extends KubeObject>(object: T, change: (object: T) => void): T;
  remove(object: KubeObject): void;
  all<T extends KubeObject>(kind: ResourceDef<T, unknown>): T[];
  /** Does the changes in order; false at the first whose precondition does not hold. At most so many, as when it is killed in between. */
  apply(changes: readonly Change[], most?: number): boolean;
  /** Runs every decider on everything, until none wants anything more now. Returns what was done. */
  settle(): Change[];
  /** A view in which each kind is as it was so many revisions ago. */
  viewBehind(lagOf: (kind: string) => number): View;
  advance(ms: number): void;
  /** The earliest time at which a decider asked to be called, after now. */
  nextMs(): number | undefined;
}

const mostRounds = 200;

export function memoryCluster(): MemoryCluster {
  const table = objectTable(() => self.now);
  const again = new Map<string, number>();
  const round = (done: Change[]): boolean => {
    again.clear();
    const before = done.length;
    for (const { name, kind, reconcile } of riverControllers)
      for (const object of table.all(kind.kind)) {
        const decision = reconcile(object, self, self.now);
        if (decision.again !== undefined) again.set(`${name} ${object.metadata.namespace}/${object.metadata.name}`, decision.again);
        done.push(...decision.changes);
        self.apply(decision.changes);
      }
    return done.length === before;
  };
  const self: MemoryCluster = {
    now: { monotonicMs: 0, wallMs: Date.UTC(2026, 0, 1) },
    unbrokenSince: 0,
    events: [],
    ...viewOf(() => table),
    // The kinds of the table's objects are those of the definitions that they are asked for by.
    add: (kind, draft) => table.create(kind.parse(structuredClone(draft)) as unknown as KubeObject) as never,
    all: (kind) => table.all(kind.kind) as never[],
    remove: table.remove,
    edit(object, change) {
      const kept = table.replace(object, undefined, (next) => {
        change(next as never);
        return next;
      });
      if (!kept) throw new Error(`${object.kind} ${object.metadata.name} is not there`);
      return kept as never;
    },
    apply(changes, most = Number.POSITIVE_INFINITY) {
      const made = new Map<string, string>();
      const steps = changes.flatMap((change) => (change.act === 'together' ? change.changes : [change]));
      return steps.slice(0, most).every((step) => applyOne(table, step, made, self.events));
    },
    settle() {
      const done: Change[] = [];
      for (let rounds = 0; rounds < mostRounds; rounds++) if (round(done)) return done;
      throw new Error(`the deciders find no end: ${JSON.stringify(done.slice(-6)).slice(0, 4_000)}`);
    },
    viewBehind(lagOf) {
      const lags = new Map(riverViews.map(({ kind }) => [kind.kind, table.past(lagOf(kind.kind))]));
      return { ...viewOf((kind) => lags.get(kind) ?? table), unbrokenSince: self.unbrokenSince };
    },
    advance(ms) {
      self.now = { monotonicMs: self.now.monotonicMs + ms, wallMs: self.now.wallMs + ms };
    },
    nextMs: () => [...again.values()].filter((ms) => ms > self.now.monotonicMs).sort((a, b) => a - b)[0],
  };
  return self;
}

type Reads = Pick<ObjectTable, 'find' | 'all' | 'seenAt'>;

const viewOf = (readsOf: (kind: string) => Reads): Omit<View, 'unbrokenSince'> => ({
  get: (kind, name, namespace) => readsOf(kind.kind).find(kind.kind, name, namespace) as never,
  byIndex: (kind, index, value) => {
    const valuesOf = riverViews.find((each) => each.kind.kind === kind.kind)?.indexes[index];
    if (!valuesOf) throw new TypeError(`there is no index "${index}"`);
    const all = readsOf(kind.kind).all(kind.kind);
    return all.filter((object) => valuesOf(object).includes(value)) as never[];
  },
  seenAt: (object) => readsOf(object.kind).seenAt(object),
});

/** `made` holds the revisions that the changes of one decision have made. */
function applyOne(table: ObjectTable, change: Step, made: Map<string, string>, events: string[]): boolean {
  if (change.act === 'event') {
    events.push(`${change.about.kind} ${change.reason}`);
    return true;
  }
  if (change.act === 'create') return table.create(parsed(change.object)) !== undefined;
  if (change.act === 'confirmGone') return table.find(change.kind.kind, change.name, change.namespace)?.metadata.uid !== change.uid;
  const { of } = change;
  const { uid = '', resourceVersion } = of.metadata;
  const expected = made.get(uid) ?? resourceVersion;
  const found = table.find(of.kind, of.metadata.name, of.metadata.namespace);
  if (found?.metadata.uid !== uid || found.metadata.resourceVersion !== expected) return false;
  if (change.act === 'delete') table.remove(found);
  if (change.act === 'delete' || change.act === 'confirm') return true;
  const kept = table.replace(of, expected, (now) => parsed(changed(now, change)));
  made.set(uid, kept?.metadata.resourceVersion ?? '');
  return kept !== undefined;
}

function changed(now: KubeObject, change: Step & { act: 'status' | 'patch' }): KubeObject {
  if (change.act === 'status') return { ...now, status: change.status };
  // What is merged into an object is one, as its parsing shows.
  const merged = merge(now as unknown as Json, change.body) as unknown as KubeObject;
  if ('spec' in change.body) merged.metadata.generation = (now.metadata.generation ?? 0) + 1;
  return merged;
}
