import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { type Store, StoreError } from './store.ts';
import { watched } from './watched.ts';

/** The simplest store there can be: the whole state after each revision. */
interface Model {
  /** Newest last; only what is still kept. */
  states: { revision: bigint; entries: Map<string, { value: string; revision: bigint }> }[];
  events: string[];
}

const KEYS = ['/a', '/a/b', '/a/c', '/ab', '/b', '/\u{1F600}'];
const key = fc.constantFrom(...KEYS);
const change = fc.record({ key, value: fc.option(fc.string({ maxLength: 8 })), isStale: fc.boolean(), isChecked: fc.boolean() });
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('txn' as const),
      changes: fc.uniqueArray(change, { minLength: 1, maxLength: 4, selector: (each) => each.key }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      prefix: fc.constantFrom('', '/', '/a', '/a/'),
      back: fc.nat(6),
      limit: fc.nat(4),
      after: fc.option(key),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), back: fc.nat(6) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Random sequences of txns, lists and compactions do what a list of maps does. */
export function storeModelTest(makeStore: () => Promise<Store>): void {
  it('behaves as a list of maps does, whatever the sequence', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const store = await makeStore();
        try {
          await follow(store, steps);
        } finally {
          await store.close();
        }
      }),
      { numRuns: Number(process.env.RIVER_MODEL_RUNS ?? 20) },
    );
  });
}

async function follow(store: Store, steps: Step[]): Promise<void> {
  const from = await store.currentRevision();
  const model: Model = { states: [{ revision: from, entries: new Map() }], events: [] };
  const seen = watched(store, '', from, 5_000);
  for (const each of steps) {
    if (each.do === 'txn') await followTxn(store, model, each.changes);
    if (each.do === 'list') await followList(store, model, each);
    if (each.do !== 'compact') continue;
    // A watcher that is behind a compaction is told so; this one is to see everything.
    await seen.reached(newest(model).revision);
    await followCompact(store, model, each.back);
  }
  await seen.reached(newest(model).revision);
  assert.deepEqual(
    seen.events.map((event) => describeEvent(event.key, event.value && text(event.value), event.previous?.revision, event.revision)),
    model.events,
  );
  seen.close();
}

async function followTxn(
  store: Store,
  model: Model,
  changes: { key: string; value: string | null; isStale: boolean; isChecked: boolean }[],
) {
  const { entries } = newest(model);
  const checks = changes.flatMap((each) =>
    each.isChecked ? [{ key: each.key, revision: (entries.get(each.key)?.revision ?? 0n) + (each.isStale ? 1n : 0n) }] : [],
  );
  const result = await store.txn(
    checks,
    changes.map((each) => ({ key: each.key, value: each.value === null ? null : new TextEncoder().encode(each.value) })),
  );
  const stale = changes.filter((each) => each.isChecked && each.isStale);
  assert.equal(result.ok, stale.length === 0);
  if (!result.ok) {
    const conflicts = [...result.conflicts].map(([conflict, entry]) => [conflict, entry?.revision]).sort();
    assert.deepEqual(conflicts, stale.map((each) => [each.key, entries.get(each.key)?.revision]).sort());
    return;
  }
  const effective = changes.filter((each) => each.value !== null || entries.has(each.key));
  if (effective.length === 0) return;
  const next = new Map(entries);
  const told = effective.map((each) => {
    if (each.value === null) next.delete(each.key);
    else next.set(each.key, { value: each.value, revision: result.revision });
    return describeEvent(each.key, each.value, entries.get(each.key)?.revision, result.revision);
  });
  assert.ok(result.revision > newest(model).revision);
  model.events.push(...told);
  model.states.push({ revision: result.revision, entries: next });
}

async function followList(
  store: Store,
  model: Model,
  { prefix, back, limit, after }: { prefix: string; back: number; limit: number; after: string | null },
) {
  const state = model.states.at(-1 - back) ?? newest(model);
  const page = { limit, ...(after === null ? {} : { after }), ...(back === 0 ? {} : { revision: state.revision }) };
  const result = await store.list(prefix, page);
  const expected = [...state.entries].filter(
    ([each]) => each.startsWith(prefix) && (after === null || KEYS.indexOf(each) > KEYS.indexOf(after)),
  );
  expected.sort(([a], [b]) => KEYS.indexOf(a) - KEYS.indexOf(b));
  const wanted = limit === 0 ? expected : expected.slice(0, limit);
  assert.deepEqual(
    result.entries.map((entry) => [entry.key, { value: text(entry.value), revision: entry.revision }]),
    wanted,
  );
  assert.equal(result.more, wanted.length < expected.length);
  assert.equal(await store.count(prefix), [...newest(model).entries.keys()].filter((each) => each.startsWith(prefix)).length);
}

async function followCompact(store: Store, model: Model, back: number): Promise<void> {
  const kept = Math.max(0, model.states.length - 1 - back);
  const [forgotten, oldest] = [model.states[kept - 1], model.states[kept]];
  if (!oldest) return;
  await store.compact(oldest.revision);
  model.states.splice(0, kept);
  if (forgotten) await assert.rejects(store.list('', { revision: forgotten.revision }), (error) => StoreError.is(error, 'Compacted'));
}

function newest({ states }: Model): Model['states'][number] {
  const state = states.at(-1);
  assert.ok(state);
  return state;
}

const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const describeEvent = (each: string, value: string | null, previous: bigint | undefined, revision: bigint): string =>
  `${each}=${value === null ? 'gone' : JSON.stringify(value)} was@${previous ?? 0} @${revision}`;
