import type { Clock, KeyReport, KeyRing, Logger } from '@river/runtime';
import { type SealedStore, sealedStore } from '../store/sealed/sealed-store.ts';
import { stateOf } from '../store/sealed/sealed-value.ts';
import { seals as makeSeals, type Seals } from '../store/sealed/seals.ts';
import type { ListResult, Store } from '../store/store.ts';
import { followKeyRing } from './follow-key-ring.ts';
import { keyUsage } from './key-usage.ts';
import { reseal } from './reseal.ts';
import { sealedPrefixes } from './sealed-prefixes.ts';
import { settling } from './settling.ts';
import { unreadableSecret } from './unreadable-secret.ts';

export interface SecretEncryptionOptions {
  store: Store;
  /** Undefined: Secrets are kept as they are written. */
  keys: { file: string; ring: KeyRing } | undefined;
  clock: Clock;
  log: Logger;
}

/** Keeps Secrets sealed in a store. */
export interface SecretEncryption {
  /** The store in which Secrets can be read. */
  store: SealedStore;
  /** The store as it is kept, and no Secret in clear: what a backup reads. */
  kept: Pick<Store, 'list'>;
  isOn: boolean;
  report(signal: AbortSignal): Promise<KeyReport>;
  /** Seals again what is not sealed with the key in use, now and whenever the key ring changes, until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

const mostNamed = 10;

export function secretEncryption({ store: inner, keys, clock, log }: SecretEncryptionOptions): SecretEncryption {
  const seals = makeSeals({ prefixes: sealedPrefixes, ring: keys?.ring });
  let named = 0;
  const store = sealedStore({
    store: inner,
    seals,
    standIn: unreadableSecret,
    onUnreadable(key, problem) {
      if (named++ < mostNamed) log.error('a stored Secret cannot be read', { key, problem });
    },
  });
  const resealing = settling({
    clock,
    onTrouble: (error) => log.warn('Secrets could not be sealed again; it is tried again', { error }),
    async settle(signal) {
      await store.writesSettled();
      await sealEverything({ store: inner, seals, clock, signal, log });
      if (store.unreadable() > 0) log.error('stored Secrets cannot be read: add their keys to the key ring', { count: store.unreadable() });
    },
  });
  let problem: string | null = null;
  const take = async (ring: KeyRing, signal: AbortSignal): Promise<void> => {
    if (isSame(ring, seals.ring())) {
      problem = null;
      return;
    }
    const lost = await neededKeys(inner, seals, ring, signal);
    if (lost.length > 0) throw new Error(`the new key ring lacks ${lost.join(', ')}, which Secrets are sealed with: put it back`);
    seals.use(ring);
    problem = null;
    named = 0;
    log.info('the key ring has changed', { use: ring.use.id });
    store.reopen();
    resealing.again();
  };
  const refuse = (error: unknown): void => {
    problem = error instanceof Error ? error.message : String(error);
    log.error('the key ring was not taken; the one before stays in use', { error });
  };

  return {
    store,
    kept: { list: async (...asked) => sealPlain(seals, await inner.list(...asked)) },
    isOn: keys !== undefined,
    async report(signal) {
      const { byKey, plain } = await keyUsage(inner, seals, signal);
      const isSettled = keys !== undefined && resealing.isSettled();
      return { isSettled, problem, plain, unreadable: store.unreadable(), ...keysOf(seals.ring(), byKey) };
    },
    async run(signal) {
      if (!keys) {
        log.warn('Secrets are kept as they are written: the server runs without a key ring');
        return inner.erasure?.request().catch((error) => log.warn('the store could not note that it holds Secrets in clear', { error }));
      }
      const onRing = (ring: KeyRing) => take(ring, signal);
      await Promise.all([resealing.run(signal), followKeyRing({ file: keys.file, clock, signal, onRing, onTrouble: refuse })]);
    },
  };
}

/** The keys of the ring, and those that are needed and not in it. */
function keysOf(ring: KeyRing | undefined, byKey: ReadonlyMap<string, number>): Pick<KeyReport, 'use' | 'keys'> {
  const known = new Set(ring?.keys.map(({ id }) => id));
  const keys = [...new Set([...known, ...byKey.keys()])].map((id) => ({ id, values: byKey.get(id) ?? 0, isKnown: known.has(id) }));
  return { use: ring?.use.id ?? null, keys };
}

const namesOf = ({ use, keys }: KeyRing): string => [use, ...keys].map(({ id }) => id).join();

/** An id stands for one key for ever. */
const isSame = (one: KeyRing, other: KeyRing | undefined): boolean => other !== undefined && namesOf(one) === namesOf(other);

/** Keys that a new ring would take away although something needs them. */
async function neededKeys(store: Store, seals: Seals, next: KeyRing, signal: AbortSignal): Promise<string[]> {
  const left = new Set(next.keys.map(({ id }) => id));
  const gone = seals.ring()?.keys.filter(({ id }) => !left.has(id)) ?? [];
  if (gone.length === 0) return [];
  const { byKey } = await keyUsage(store, seals, signal);
  return gone.flatMap(({ id }) => (byKey.has(id) ? [id] : []));
}

/** Seals what is not, and then takes what it replaced out of the history and the files. */
async function sealEverything(deps: Parameters<typeof reseal>[0] & { log: Logger }): Promise<void> {
  const { store, log } = deps;
  const { values, plain } = await reseal(deps);
  const isErasureDue = (await store.erasure?.isDue()) ?? false;
  if (values === 0 && !isErasureDue) return;
  await store.compact(await store.currentRevision());
  if (isErasureDue) await store.erasure?.run();
  log.info('Secrets were sealed again', { values, inClearBefore: plain, rewritten: isErasureDue });
}

function sealPlain(seals: Seals, result: ListResult): ListResult {
  const entries = result.entries.map((entry) =>
    seals.covers(entry.key) && stateOf(entry.value).is === 'plain' ? { ...entry, value: seals.seal(entry.key, entry.value) } : entry,
  );
  return { ...result, entries };
}
