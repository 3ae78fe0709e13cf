import { type NodeState, type Occupant, occupy, vacate } from './ledger.ts';
import type { Held } from './snapshot.ts';

/** What is only supposed: every step is taken back by `undo`, in the reverse order. */
export interface Trial {
  take(state: NodeState, held: Held): void;
  release(state: NodeState, occupant: Occupant): void;
  /** How many steps there have been: where {@link Trial.undo} may go back to. */
  readonly steps: number;
  undo(toStep?: number): void;
}

export function openTrial(): Trial {
  const done: { state: NodeState; held: Held; wasTaken: boolean }[] = [];
  const step = (state: NodeState, held: Held, wasTaken: boolean) => {
    if (wasTaken) occupy(state, held);
    else vacate(state, held);
    done.push({ state, held, wasTaken });
  };
  return {
    take: (state, held) => step(state, held, true),
    release: (state, occupant) => step(state, occupant, false),
    get steps() {
      return done.length;
    },
    undo(toStep = 0) {
      while (done.length > toStep) {
        const last = done.pop();
        if (!last) return;
        if (last.wasTaken) vacate(last.state, last.held);
        else occupy(last.state, last.held);
      }
    },
  };
}

/** Holds what has been reserved before, so that it is not reserved twice. */
export function holdReserved(trial: Trial, states: readonly NodeState[]): void {
  for (const state of states) for (const reservation of state.reservations) trial.take(state, reservation);
}
