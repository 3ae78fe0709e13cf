import type { Placement } from '@river/crds/kinds';
import { isOver } from './read-placement.ts';

export interface RunTimes {
  /** Takes in one that is over; others say nothing yet. */
  learn(placement: Placement): void;
  expectedMs(placement: Placement): number | undefined;
}

/** The newest run counts so much of the average. */
const newest = 0.3;
const mostKinds = 10_000;
const longestKey = 1024;

/** How long work of the same kind (the same image and command, in the same namespace) has run lately. */
export function runTimes(): RunTimes {
  const averages = new Map<string, number>();
  const keys = new WeakMap<Placement, string>();
  const keyFor = (placement: Placement): string => {
    const known = keys.get(placement) ?? kindKey(placement);
    keys.set(placement, known);
    return known;
  };
  return {
    learn(placement) {
      const ranMs = ranFor(placement);
      if (ranMs === undefined) return;
      const key = keyFor(placement);
      const before = averages.get(key) ?? ranMs;
      averages.delete(key);
      averages.set(key, before + newest * (ranMs - before));
      const oldest = averages.size > mostKinds ? averages.keys().next().value : undefined;
      if (oldest !== undefined) averages.delete(oldest);
    },
    expectedMs: (placement) => averages.get(keyFor(placement)),
  };
}

/** Only what ended by itself tells how long such work takes. */
function ranFor(placement: Placement): number | undefined {
  const { phase, startTime, finishTime } = placement.status ?? {};
  if (!isOver(placement) || !(phase === 'Succeeded' || phase === 'Failed') || startTime === undefined || finishTime === undefined)
    return undefined;
  const ranMs = Date.parse(finishTime) - Date.parse(startTime);
  return ranMs >= 0 ? ranMs : undefined;
}

const kindKey = ({ metadata, spec }: Placement): string =>
  JSON.stringify([metadata.namespace, spec.image, spec.command, spec.args]).slice(0, longestKey);
