import type { KubeObject } from '@river/crds';
import type { ResourceDef } from '@river/crds/kinds';
import type { Change, Now, View } from '../decide/decision.ts';
import { riverControllers, riverViews } from '../reconciling/river-controllers.ts';
import { applySteps, viewOf } from '../what-if/apply-steps.ts';
import { objectTable, type Rows, readsOf } from '../what-if/object-table.ts';

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
  const rows: Rows = new Map();
  const history: Rows[] = [new Map()];
  const remember = () => history.push(new Map(Array.from(rows, ([kind, ofKind]) => [kind, new Map(ofKind)])));
  const table = objectTable(() => self.now, remember, rows);
  const past = (revisions: number) => readsOf(history[Math.max(0, history.length - 1 - revisions)] ?? rows);
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
      return applySteps({ table, tell: ({ about, reason }) => self.events.push(`${about.kind} ${reason}`) }, changes, most);
    },
    settle() {
      const done: Change[] = [];
      for (let rounds = 0; rounds < mostRounds; rounds++) if (round(done)) return done;
      throw new Error(`the deciders find no end: ${JSON.stringify(done.slice(-6)).slice(0, 4_000)}`);
    },
    viewBehind(lagOf) {
      const lags = new Map(riverViews.map(({ kind }) => [kind.kind, past(lagOf(kind.kind))]));
      return { ...viewOf((kind) => lags.get(kind) ?? table), unbrokenSince: self.unbrokenSince };
    },
    advance(ms) {
      self.now = { monotonicMs: self.now.monotonicMs + ms, wallMs: self.now.wallMs + ms };
    },
    nextMs: () => [...again.values()].filter((ms) => ms > self.now.monotonicMs).sort((a, b) => a - b)[0],
  };
  return self;
}
