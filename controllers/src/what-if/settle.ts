import type { KubeObject } from '@river/crds';
import type { Now, Step } from '../decide/decision.ts';
import { riverControllers } from '../reconciling/river-controllers.ts';
import type { Controller, Key } from '../reconciling/run-controller.ts';
import type { Waiting } from '../scheduler/snapshot.ts';
import { applySteps, viewOf } from './apply-steps.ts';
import { endStopped } from './end-stopped.ts';
import { type ObjectTable, objectTable } from './object-table.ts';
import { oneSchedulingPass } from './one-scheduling-pass.ts';

/** A copy of a cluster in which the real deciders decide, and in which what they want is done at once. Time stands still. */
export interface CopiedCluster {
  table: ObjectTable;
  /** Decides until nobody wants anything more now. Answers what still waits, and why. */
  settle(): Waiting[];
  events: (Step & { act: 'event' })[];
}

/** More than any chain of causes needs: a round does all that can be done at once, and in one an object is not decided about so often. */
const mostRounds = 1_000;
const mostWaves = 10_000;
const noEnd = 'The deciders find no end: one undoes what another does.';

export function copyCluster(objects: Iterable<KubeObject>, now: Now): CopiedCluster {
  const due = riverControllers.map((controller) => ({ controller, keys: new Map<string, Key>() }));
  const events: CopiedCluster['events'] = [];
  const add = (keys: Map<string, Key>, key: Key) => keys.set(`${key.namespace ?? ''}/${key.name}`, key);
  const table = objectTable(
    () => now,
    (object, previous, isGone) => {
      for (const { controller, keys } of due) {
        if (controller.kind.kind === object.kind && !isGone) add(keys, object.metadata);
        for (const wake of controller.wakes)
          if (wake.kind.kind === object.kind) for (const key of wake.keys(object, previous, view)) add(keys, key);
      }
    },
  );
  // Who has not been heard of lately is not to become silent in a copy, in which nobody speaks.
  const view = { ...viewOf(() => table), unbrokenSince: now.monotonicMs };
  const decideOne = ({ kind, reconcile }: Controller, { name, namespace }: Key): void => {
    const object = table.find(kind.kind, name, namespace);
    if (object) applySteps({ table, tell: (event) => events.push(event) }, reconcile(object, view, now).changes);
  };
  const decideAll = () => {
    let waves = 0;
    for (let queue = due.find(({ keys }) => keys.size > 0); queue; queue = due.find(({ keys }) => keys.size > 0)) {
      if (++waves > mostWaves) throw new Error(noEnd);
      const keys = [...queue.keys.values()];
      queue.keys.clear();
      for (const key of keys) decideOne(queue.controller, key);
    }
  };
  const pass = oneSchedulingPass(table, now);
  for (const object of objects) table.load(object);
  return {
    table,
    events,
    settle() {
      for (let rounds = 0; rounds < mostRounds; rounds++) {
        decideAll();
        const hasEnded = endStopped(table, now);
        const { waiting, hasChanged } = pass();
        if (!hasEnded && !hasChanged) return waiting;
      }
      throw new Error(noEnd);
    },
  };
}
