import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { KeyRing, RingKey } from '@river/runtime';
import { boundTo, decrypt, encrypt, headerOf, nonceBytes, type SealedValue, stateOf, type ValueState } from './sealed-value.ts';

/** `problem` says why a value does not open. */
export type Opened = { value: Uint8Array; problem?: undefined } | { value?: undefined; problem: string };

/** Seals and opens the values under some prefixes with the keys of a ring. Without a ring values stay as they are. */
export interface Seals {
  prefixes: readonly string[];
  covers(storeKey: string): boolean;
  /** Whether something under `prefix` may be covered. */
  reaches(prefix: string): boolean;
  seal(storeKey: string, plain: Uint8Array): Uint8Array;
  open(storeKey: string, value: Uint8Array): Opened;
  /** Whether the value is sealed by the key that is in use, as far as there is one. */
  isCurrent(state: ValueState): boolean;
  ring(): KeyRing | undefined;
  /** From now on this one. */
  use(ring: KeyRing | undefined): void;
}

/** Far below where random nonces of one data key could meet (2^-57). */
const writesPerDataKey = 2 ** 20;
const mostUnwrapped = 1_024;

export function seals({ prefixes, ring: first }: { prefixes: readonly string[]; ring: KeyRing | undefined }): Seals {
  let ring = first;
  let seal = ring && sealerOf(ring.use);
  let unwrap = unwrapper(ring);
  const open = (storeKey: string, state: SealedValue): Opened => {
    const dataKey = unwrap(state);
    if (dataKey === 'unknown') return { problem: `it is sealed with key ${shownId(state.keyId)}, which is not in the key ring` };
    const value = dataKey && decrypt(dataKey, state.sealed, boundTo(state.header, storeKey));
    return value
      ? { value }
      : { problem: `it is sealed with key ${shownId(state.keyId)} but does not open: it was altered, or moved here from another name` };
  };
  return {
    prefixes,
    covers: (storeKey) => prefixes.some((prefix) => storeKey.startsWith(prefix)),
    reaches: (asked) => prefixes.some((prefix) => prefix.startsWith(asked) || asked.startsWith(prefix)),
    seal: (storeKey, plain) => (seal ? seal(storeKey, plain) : plain),
    open(storeKey, value) {
      const state = stateOf(value);
      if (state.is === 'sealed') return open(storeKey, state);
      return state.is === 'plain' ? { value } : { problem: 'it is neither sealed nor an object: it was altered' };
    },
    isCurrent: (state) => ring === undefined || state.is === 'damaged' || (state.is === 'sealed' && state.keyId === ring.use.id),
    ring: () => ring,
    use(next) {
      ring = next;
      seal = next && sealerOf(next.use);
      unwrap = unwrapper(next);
    },
  };
}

/** What was altered may hold anything. */
const shownId = (keyId: string): string => (/^[a-z0-9-]{1,63}$/.test(keyId) ? keyId : JSON.stringify(keyId.slice(0, 63)));

const wrapBound = (keyId: string): Buffer => Buffer.from(`river data key of ${keyId}`);

/** A data key of this process alone, and another after many writes. */
function sealerOf(ringKey: RingKey): (storeKey: string, plain: Uint8Array) => Buffer {
  const wrapping = createSecretKey(ringKey.secret);
  const fresh = () => {
    const secret = randomBytes(32);
    const header = headerOf(ringKey.id, encrypt(wrapping, randomBytes(nonceBytes), secret, wrapBound(ringKey.id)));
    return { dataKey: createSecretKey(secret), header, writes: 0 };
  };
  let current = fresh();
  return (storeKey, plain) => {
    if (current.writes++ >= writesPerDataKey) current = fresh();
    const { dataKey, header } = current;
    return Buffer.concat([header, encrypt(dataKey, randomBytes(nonceBytes), plain, boundTo(header, storeKey))]);
  };
}

/** Opens data keys, and keeps those that were asked for lately. `unknown`: the ring has no such key; undefined: it does not open. */
function unwrapper(ring: KeyRing | undefined): (value: SealedValue) => KeyObject | undefined | 'unknown' {
  const wrapping = new Map(ring?.keys.map(({ id, secret }) => [id, createSecretKey(secret)]));
  const known = new Map<string, KeyObject>();
  return ({ keyId, header, wrapped }) => {
    const name = header.toString('latin1');
    const kept = known.get(name);
    if (kept) return kept;
    const key = wrapping.get(keyId);
    if (!key) return 'unknown';
    const secret = decrypt(key, wrapped, wrapBound(keyId));
    if (!secret) return undefined;
    const [oldest] = known.keys();
    if (known.size >= mostUnwrapped && oldest !== undefined) known.delete(oldest);
    const dataKey = createSecretKey(secret);
    known.set(name, dataKey);
    return dataKey;
  };
}
