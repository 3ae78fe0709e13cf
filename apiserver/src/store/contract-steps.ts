import assert from 'node:assert/strict';
import { type Check, type Store, StoreError, type StoreReason } from './store.ts';

/** The steps that the contract suite's cases are made of. */
export type WithStore = (title: string, test: (store: Store) => Promise<void>) => void;

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
export const decode = (value: Uint8Array | null | undefined): string | null | undefined => value && new TextDecoder().decode(value);
export const failsWith = (reason: StoreReason) => (error: unknown) => StoreError.is(error, reason);

export const put = async (store: Store, key: string, value: string, checks: Check[] = []): Promise<bigint> => {
  const result = await store.txn(checks, [{ key, value: encode(value) }]);
  assert.ok(result.ok, `${key} was not written`);
  return result.revision;
};

export const remove = async (store: Store, ...keys: string[]): Promise<bigint> => {
  const result = await store.txn(
    [],
    keys.map((key) => ({ key, value: null })),
  );
  assert.ok(result.ok);
  return result.revision;
};

export const keysOf = ({ entries }: { entries: { key: string }[] }): string[] => entries.map(({ key }) => key);
export const textsOf = ({ entries }: { entries: { value: Uint8Array }[] }) => entries.map(({ value }) => decode(value));
