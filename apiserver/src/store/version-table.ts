import type { HistoryPage } from './fan-out.ts';
import { compareKeys } from './keys.ts';
import { type SortedKeys, sortedKeys } from './sorted-keys.ts';
import { type Check, type ListPage, type ListResult, type StoredEntry, StoreError, type StoreEvent, type Write } from './store.ts';

/** Every version of every key since the last compaction, in memory. */
export interface VersionTable {
  revision(): bigint;
  entryAt(key: string, at: bigint): StoredEntry | undefined;
  list(prefix: string, page: ListPage): ListResult;
  conflicts(checks: readonly Check[]): Map<string, StoredEntry | undefined>;
  /** Makes one revision, or none when nothing changes. */
  write(writes: readonly Write[]): StoreEvent[];
  history(after: bigint): HistoryPage;
  compact(at: bigint): void;
}

export function versionTable(): VersionTable {
  const versions = keyVersions();
  let log: StoreEvent[] = [];
  let revision = 1n;
  let compacted = 0n;

  const { entryAt } = versions;

  const assertKept = (at: bigint): void => {
    if (at < compacted) throw new StoreError('Compacted', `revision ${at} is no longer kept: history starts at ${compacted}`);
  };

  const assertHappened = (at: bigint): void => {
    if (at > revision) throw new StoreError('FutureRevision', `revision ${at} has not happened: the newest is ${revision}`);
  };

  const put = ({ key, value }: Write): StoreEvent => {
    const previous = entryAt(key, revision) ?? null;
    versions.add(key, { revision, value });
    return { type: value === null ? 'delete' : 'put', key, value, previous, revision };
  };

  return {
    revision: () => revision,
    entryAt,
    list(prefix, page) {
      const at = page.revision ?? revision;
      assertKept(at);
      assertHappened(at);
      return versions.list(prefix, page, at);
    },
    conflicts(checks) {
      const failed = new Map<string, StoredEntry | undefined>();
      for (const check of checks) {
        const entry = entryAt(check.key, revision);
        if ((entry?.revision ?? 0n) !== check.revision) failed.set(check.key, entry);
      }
      return failed;
    },
    write(writes) {
      const effective = writes.filter(({ key, value }) => value !== null || entryAt(key, revision));
      if (effective.length === 0) return [];
      revision += 1n;
      const events = effective.map(put);
      log.push(...events);
      return events;
    },
    history(after) {
      assertKept(after);
      const start = log.findLastIndex((event) => event.revision <= after) + 1;
      return { events: log.slice(start), upTo: revision, complete: true };
    },
    compact(at) {
      assertHappened(at);
      if (at <= compacted) return;
      compacted = at;
      const kept = log.findLastIndex((event) => event.revision <= at) + 1;
      for (const { key } of log.slice(0, kept)) versions.trim(key, at);
      log = log.slice(kept);
    },
  };
}

interface Version {
  revision: bigint;
  /** null: deleted. */
  value: Uint8Array | null;
}

function keyVersions() {
  const versions = new Map<string, Version[]>();
  const keys: SortedKeys = sortedKeys();

  const entryAt = (key: string, at: bigint): StoredEntry | undefined => {
    const version = versions.get(key)?.findLast((each) => each.revision <= at);
    return version?.value ? { key, value: version.value, revision: version.revision } : undefined;
  };

  return {
    entryAt,
    add(key: string, version: Version) {
      const history = versions.get(key);
      if (history) return void history.push(version);
      versions.set(key, [version]);
      keys.add(key);
    },
    list(prefix: string, { limit = 0, after = '' }: ListPage, at: bigint): ListResult {
      const entries: StoredEntry[] = [];
      for (const key of keys.from(compareKeys(after, prefix) > 0 ? after : prefix)) {
        if (!key.startsWith(prefix)) break;
        const entry = key === after ? undefined : entryAt(key, at);
        if (entry && limit > 0 && entries.length >= limit) return { entries, revision: at, more: true };
        if (entry) entries.push(entry);
      }
      return { entries, revision: at, more: false };
    },
    /** Drops the versions that no list at `compacted` or later can see. */
    trim(key: string, compacted: bigint) {
      const history = versions.get(key);
      if (!history) return;
      const newest = history.findLastIndex((each) => each.revision <= compacted);
      history.splice(0, history[newest]?.value === null ? newest + 1 : newest);
      if (history.length > 0) return;
      versions.delete(key);
      keys.delete(key);
    },
  };
}
