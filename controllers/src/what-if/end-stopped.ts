import type { KubeObject } from '@river/crds';
import { Node, Placement } from '@river/crds/kinds';
import { conditionOf } from '../decide/conditions.ts';
import type { Now } from '../decide/decision.ts';
import { endPlacement, isOver } from '../placement/placement-state.ts';
import { applySteps } from './apply-steps.ts';
import type { ObjectTable } from './object-table.ts';

/** What nodes do: what was asked to end there has ended, once its grace is over. A node that is not heard of does nothing. */
export function endStopped(table: ObjectTable, now: Now): boolean {
  const ending = table.all(Placement.kind).filter((object) => isEnding(table, placementIn(object)));
  for (const object of ending) {
    const changes = endPlacement(placementIn(object), 'Stopped', 'Stopped', 'It was asked to end.', now);
    applySteps({ table, tell: () => {} }, changes);
  }
  return ending.length > 0;
}

function isEnding(table: ObjectTable, placement: Placement): boolean {
  const { nodeName, power } = placement.spec;
  if (nodeName === undefined || power !== 'Stopped' || isOver(placement)) return false;
  const node = table.find(Node.kind, nodeName) as Node | undefined;
  return node !== undefined && conditionOf(node.status?.conditions, 'Reachable')?.status !== 'False';
}

/** The table holds under a kind what is of that kind. */
const placementIn = (object: KubeObject): Placement => object as unknown as Placement;
