import { type Clock, sleep } from '@river/runtime';
import { stateOf } from '../store/sealed/sealed-value.ts';
import type { Seals } from '../store/sealed/seals.ts';
import type { Store, StoredEntry } from '../store/store.ts';
import { pagesUnder } from './key-usage.ts';

export interface ResealDeps {
  /** The store as it is kept: what it holds is sealed. */
  store: Store;
  seals: Seals;
  clock: Clock;
  signal: AbortSignal;
}

export interface Resealed {
  values: number;
  /** Among them: what was there in clear. */
  plain: number;
}

/** Leaves room for everyone else's writes. */
const pauseMs = 10;

/**
 * Seals with the key in use whatever is not, each value only if it has not changed meanwhile: whoever changed it has sealed it himself.
 * Goes over all of them until nothing is left to do, so it can be cut off anywhere and begun again.
 */
export async function reseal(deps: ResealDeps): Promise<Resealed> {
  const total = { values: 0, plain: 0 };
  for (;;) {
    const { values, plain, tried } = await pass(deps);
    total.values += values;
    total.plain += plain;
    if (tried === 0) return total;
  }
}

async function pass({ store, seals, clock, signal }: ResealDeps): Promise<Resealed & { tried: number }> {
  const done = { values: 0, plain: 0, tried: 0 };
  for (const prefix of seals.prefixes) {
    for await (const entries of pagesUnder(store, prefix, signal)) {
      const due = entries.flatMap((entry) => plan(seals, entry));
      if (due.length === 0) continue;
      // Before the first of them: should this process end, the next one knows that clear text is left in the files.
      if (due.some(({ isPlain }) => isPlain)) await store.erasure?.request();
      const made = await Promise.all(due.map((each) => write(store, seals, each)));
      done.tried += due.length;
      for (const [at, isMade] of made.entries()) {
        if (isMade) done.values++;
        if (isMade && due[at]?.isPlain) done.plain++;
      }
      await sleep(clock, pauseMs, signal);
    }
  }
  return done;
}

interface Due {
  entry: StoredEntry;
  plain: Uint8Array;
  isPlain: boolean;
}

/** What does not open stays as it is: its key may come back. */
function plan(seals: Seals, entry: StoredEntry): Due[] {
  const state = stateOf(entry.value);
  if (seals.isCurrent(state)) return [];
  const { value } = seals.open(entry.key, entry.value);
  return value ? [{ entry, plain: value, isPlain: state.is === 'plain' }] : [];
}

async function write(store: Store, seals: Seals, { entry: { key, revision }, plain }: Due): Promise<boolean> {
  return (await store.txn([{ key, revision }], [{ key, value: seals.seal(key, plain) }])).ok;
}
