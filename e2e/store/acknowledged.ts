import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Store } from '../../apiserver/src/store/store.ts';
import { watched } from '../../apiserver/src/store/watched.ts';

/** The acknowledgements in an ACKS file of writers.fixture.ts: name of the txn → its revision. A last line that was cut is none. */
export function parseAcks(text: string): Map<string, bigint> {
  const lines = text.split('\n').slice(0, -1);
  return new Map(
    lines.map((line) => {
      const [name = '', revision = ''] = line.split(' ');
      return [name, BigInt(revision)];
    }),
  );
}

/** Everything acknowledged is there, nothing is half there, and history tells the same. */
export async function assertIntact(store: Store, acks: ReadonlyMap<string, bigint>, what: string): Promise<void> {
  const { entries, revision } = await store.list('/w/');
  const found = new Map<string, bigint[]>();
  for (const entry of entries) {
    const name = entry.key.slice(0, -2);
    const digest = createHash('sha256').update(name).digest();
    const isWhole = entry.value.every((byte, at) => byte === digest[at % digest.length]);
    assert.ok(isWhole, `${what}: ${entry.key} has another value`);
    found.set(name, [...(found.get(name) ?? []), entry.revision]);
  }
  for (const [name, revisions] of found) {
    assert.ok(revisions.length === 2 && revisions[0] === revisions[1], `${what}: ${name} is half there`);
  }
  for (const [name, acknowledged] of acks) {
    assert.equal(found.get(name)?.[0], acknowledged, `${what}: ${name} was acknowledged at ${acknowledged}`);
  }
  const seen = watched(store, '/w/', 1n);
  if (revision > 1n) await seen.reached(revision);
  assert.equal(seen.events.length, entries.length, `${what}: history has as many changes as there are entries`);
  seen.close();
}
