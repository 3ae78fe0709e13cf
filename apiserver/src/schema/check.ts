import type { Cause, Json } from '@river/crds';
import { mostCauses } from './field-causes.ts';
import { fieldPath } from './field-path.ts';

/** One validation on its way through an object: where it is, and what it found. */
export interface Run {
  readonly path: (string | number)[];
  causes: Cause[];
  /** Causes that hold against an update even where nothing changed: duplicates in sets, malformed embedded objects. */
  readonly lasting: Cause[];
}

/**
 * Judges one value. `old` is what stood at the same place before, undefined where nothing did or the two cannot be paired:
 * what has not changed is not held against an update.
 */
export type Check = (value: Json, old: Json | undefined, run: Run) => void;

export const startRun = (): Run => ({ path: [], causes: [], lasting: [] });

export const isFull = (run: Run): boolean => run.causes.length >= mostCauses;

/** Adds a cause at the run's place; `make` gets the field as Kubernetes writes it. */
export const fail = (run: Run, make: (field: string) => Cause): void => {
  if (!isFull(run)) run.causes.push(make(fieldPath(run.path)));
};

export const failAt = (run: Run, step: string | number, make: (field: string) => Cause): void => {
  if (!isFull(run)) run.causes.push(make(fieldPath([...run.path, step])));
};

export const failForGoodAt = (run: Run, step: string | number, make: (field: string) => Cause): void => {
  if (run.lasting.length < mostCauses) run.lasting.push(make(fieldPath([...run.path, step])));
};

export const found = (run: Run): Cause[] => [...run.causes, ...run.lasting].slice(0, mostCauses);

/** One check that does all of them; undefined when there is none. */
export const allOf = (checks: readonly Check[]): Check | undefined => {
  const [first, second] = checks;
  if (!second) return first;
  return (value, old, run) => {
    for (const check of checks) check(value, old, run);
  };
};
