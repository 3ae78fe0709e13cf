import type { Check, StoredEntry, StoreEvent } from '../store.ts';
import type { Seals } from './seals.ts';

export interface OpeningDeps {
  seals: Pick<Seals, 'covers' | 'open'>;
  /** What is shown in place of a value that does not open. */
  standIn(key: string, problem: string): Uint8Array;
  /** Called once for each value that does not open. */
  onUnreadable(key: string, problem: string): void;
}

/** Opens what a store says, and remembers what does not open: as many names as there are such values. */
export interface Opening {
  entry(entry: StoredEntry): StoredEntry;
  events(events: StoreEvent[]): StoreEvent[];
  /** Whether what was last written under one of these checks is known not to open. */
  isUnreadable(key: string, checks: readonly Check[]): boolean;
  unreadable(): number;
  forget(): void;
}

export function opening({ seals, standIn, onUnreadable }: OpeningDeps): Opening {
  const unreadable = new Map<string, bigint>();
  const note = (key: string, revision: bigint, problem: string | undefined): void => {
    const noted = unreadable.get(key);
    if (noted !== undefined && noted > revision) return;
    if (problem === undefined) unreadable.delete(key);
    else {
      unreadable.set(key, revision);
      if (noted !== revision) onUnreadable(key, problem);
    }
  };
  const opened = (key: string, stored: Uint8Array): { value: Uint8Array; problem: string | undefined } => {
    const { value, problem } = seals.open(key, stored);
    return problem === undefined ? { value, problem } : { value: standIn(key, problem), problem };
  };
  const openEvent = (event: StoreEvent): StoreEvent => {
    const { key, previous, revision } = event;
    if (!seals.covers(key)) return event;
    const now = event.value && opened(key, event.value);
    note(key, revision, now?.problem);
    return { ...event, value: now?.value ?? null, previous: previous && { ...previous, value: opened(key, previous.value).value } };
  };
  return {
    entry(entry) {
      if (!seals.covers(entry.key)) return entry;
      const { value, problem } = opened(entry.key, entry.value);
      note(entry.key, entry.revision, problem);
      return { ...entry, value };
    },
    events: (events) => (events.some(({ key }) => seals.covers(key)) ? events.map(openEvent) : events),
    isUnreadable: (key, checks) => checks.some((check) => check.key === key && unreadable.get(key) === check.revision),
    unreadable: () => unreadable.size,
    forget: () => unreadable.clear(),
  };
}
