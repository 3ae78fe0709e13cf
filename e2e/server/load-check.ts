import assert from 'node:assert/strict';
import type { KubeObject } from '@river/crds';
import type { WatchLine } from './http.ts';
import type { Follower, Load } from './load.ts';

/** Every acknowledged write is there, and nothing is there that nobody wrote. */
export function assertKept({ known }: Load, items: readonly KubeObject[]): void {
  const found = new Map(items.map((item) => [item.metadata.name, item]));
  for (const [name, state] of known) {
    const item = found.get(name);
    const value = (item?.data as { value?: string } | undefined)?.value;
    const isAcknowledged = item ? value === state.value && item.metadata.resourceVersion === state.revision : state.value === undefined;
    const next = String(Number(state.value ?? -1) + 1);
    const isMaybe = state.maybe === 'put' ? value === next : state.maybe === 'delete' && item === undefined;
    assert.ok(isAcknowledged || isMaybe, `${name}: ${JSON.stringify(state)} was acknowledged, and ${JSON.stringify(item)} is there`);
  }
}

/** The follower saw every acknowledged write once, in the order of the revisions, and what it saw adds up to what is there. */
export function assertFollowed(follower: Follower, { acknowledged }: Load, items: readonly KubeObject[]): void {
  let last = 0;
  const at = new Map<string, WatchLine>();
  const deleted = new Set<string>();
  const state = new Map<string, string>();
  for (const event of follower.events()) {
    const { name, resourceVersion = '' } = event.object.metadata;
    assert.ok(event.type !== 'ERROR', JSON.stringify(event));
    assert.ok(Number(resourceVersion) > last, `${event.type} ${name} at ${resourceVersion} came after ${last}`);
    last = Number(resourceVersion);
    const isKnown = state.has(name);
    assert.equal(event.type === 'ADDED', !isKnown, `${event.type} ${name}, which was ${isKnown ? '' : 'not '}there`);
    at.set(resourceVersion, event);
    if (event.type === 'DELETED') {
      state.delete(name);
      deleted.add(name);
    } else state.set(name, resourceVersion);
  }
  for (const { name, type, revision = '', value } of acknowledged) {
    const event = at.get(revision);
    if (type === 'delete') assert.ok(deleted.has(name), `the deletion of ${name} was not seen`);
    else
      assert.deepEqual(
        [event?.object.metadata.name, event?.object.data],
        [name, { value }],
        `the write of ${name} at ${revision} was not seen`,
      );
  }
  const there = new Map(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
  assert.deepEqual(new Map([...state].sort()), new Map([...there].sort()));
}
