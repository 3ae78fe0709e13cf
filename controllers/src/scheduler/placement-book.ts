import type { Placement } from '@river/crds/kinds';
import { evictedForAnnotation } from './binding-patch.ts';
import { isOver, keyOf } from './read-placement.ts';

/**
 * The placements that matter to the scheduler: those that are not over, and those that were sent away for one that still waits; each as the cache shows it or as our own last write left it,
 * whichever is newer. So nothing is given twice while the cache lags behind.
 */
export interface PlacementBook {
  readonly size: number;
  all(): Iterable<Placement>;
  get(key: string): Placement | undefined;
  /** What the cache shows. */
  take(placement: Placement): void;
  /** What the server has answered to a write. Meanwhile it may be gone: then it is not there again because of that. */
  answered(placement: Placement): void;
  drop(placement: Placement): void;
  /** A write of which nobody knows whether it was done counts as done until the answer is known. */
  suppose(placement: Placement): void;
  forget(key: string): void;
  /** Those of which it is not known. */
  supposed(): Placement[];
}

const versionOf = ({ metadata }: Placement): string => metadata.resourceVersion ?? '';

/** Resource versions are decimal numbers of any length. */
const isOlder = (left: string, right: string): boolean => (left.length === right.length ? left < right : left.length < right.length);

export function placementBook(): PlacementBook {
  const known = new Map<string, Placement>();
  const supposed = new Map<string, Placement>();
  /** Over, and sent away for somebody. */
  const sentAway = new Map<string, Placement>();
  const isKnown = (placement: Placement) => known.get(keyOf(placement))?.metadata.uid === placement.metadata.uid;
  const take = (placement: Placement) => {
    const key = keyOf(placement);
    const before = known.get(key);
    if (before && isKnown(placement) && isOlder(versionOf(placement), versionOf(before))) return;
    if (supposed.has(key) && isSettled(placement, supposed.get(key))) supposed.delete(key);
    if (!isOver(placement)) return void known.set(key, placement);
    known.delete(key);
    if (placement.metadata.annotations?.[evictedForAnnotation] !== undefined) sentAway.set(key, placement);
  };
  const isAwaited = ({ metadata }: Placement) => {
    const beneficiary = known.get(metadata.annotations?.[evictedForAnnotation] ?? '');
    return beneficiary !== undefined && beneficiary.spec.nodeName === undefined;
  };
  return {
    get size() {
      return known.size;
    },
    *all() {
      for (const [key, placement] of known) yield supposed.get(key) ?? placement;
      for (const [key, placement] of sentAway)
        if (isAwaited(placement)) yield placement;
        else sentAway.delete(key);
    },
    get: (key) => supposed.get(key) ?? known.get(key),
    take,
    answered: (placement) => void (isKnown(placement) && take(placement)),
    drop(placement) {
      const key = keyOf(placement);
      sentAway.delete(key);
      if (!isKnown(placement)) return;
      known.delete(key);
      supposed.delete(key);
    },
    suppose: (placement) => void (isKnown(placement) && supposed.set(keyOf(placement), placement)),
    forget: (key) => supposed.delete(key),
    supposed: () => [...supposed.values()],
  };
}

/** Whether the server's own word answers what was only supposed: a binding cannot be taken back, and another object is another matter. */
function isSettled(seen: Placement, supposed: Placement | undefined): boolean {
  return seen.metadata.uid !== supposed?.metadata.uid || seen.spec.nodeName !== undefined || isOver(seen);
}
