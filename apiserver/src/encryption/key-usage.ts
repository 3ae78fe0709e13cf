import { stateOf } from '../store/sealed/sealed-value.ts';
import type { Seals } from '../store/sealed/seals.ts';
import type { Store, StoredEntry } from '../store/store.ts';

/** A value has up to 1.5 MiB: this many may be in memory at once. */
const pageSize = 16;

/** What stands under a prefix now, page by page, as it is kept. */
export async function* pagesUnder(store: Pick<Store, 'list'>, prefix: string, signal: AbortSignal): AsyncGenerator<StoredEntry[]> {
  for (let after = ''; ; ) {
    const page = await store.list(prefix, { limit: pageSize, ...(after !== '' && { after }) }, signal);
    if (page.entries.length > 0) yield page.entries;
    after = page.entries.at(-1)?.key ?? '';
    if (!page.more || after === '') return;
  }
}

export interface KeyUsage {
  /** How many values are sealed with each key. */
  byKey: ReadonlyMap<string, number>;
  plain: number;
  damaged: number;
}

/** Reads every covered value to see which key it needs. */
export async function keyUsage(store: Pick<Store, 'list'>, { prefixes }: Pick<Seals, 'prefixes'>, signal: AbortSignal): Promise<KeyUsage> {
  const byKey = new Map<string, number>();
  const others = { plain: 0, damaged: 0 };
  for (const prefix of prefixes) {
    for await (const entries of pagesUnder(store, prefix, signal)) {
      for (const { value } of entries) {
        const state = stateOf(value);
        if (state.is === 'sealed') byKey.set(state.keyId, (byKey.get(state.keyId) ?? 0) + 1);
        else others[state.is]++;
      }
    }
  }
  return { byKey, ...others };
}
