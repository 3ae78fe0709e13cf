import { lackOn } from './lack.ts';
import type { Ledger } from './ledger.ts';
import type { Ask, Pending } from './snapshot.ts';
import { openTrial } from './trial.ts';

const reservationsCount = Number.NEGATIVE_INFINITY;

/**
 * Room that others were sent away from is for whom they went, and he comes first, as long as it is there. Otherwise it might be
 * kept for somebody who cannot use it, and others sent away for him elsewhere, for ever.
 */
export const withRoomLeft = (ledger: Ledger, pending: readonly Pending[]): Pending[] =>
  pending.map((each) => {
    const { roomOn, ...rest } = each;
    return roomOn === undefined || roomOn.some((node) => isRoomy(ledger, node, each.ask)) ? each : rest;
  });

/** Once those are gone who are leaving. */
function isRoomy(ledger: Ledger, node: string, ask: Ask): boolean {
  const state = ledger.stateOf(node);
  if (!state) return false;
  const trial = openTrial();
  for (const occupant of state.occupants) if (occupant.isLeaving) trial.release(state, occupant);
  const targets = ask.targets.length === 0 ? [undefined] : ask.targets.filter((target) => target.node === node);
  const isFit = targets.some((target) => !lackOn(state, ask, target, reservationsCount));
  trial.undo();
  return isFit;
}
