import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ApiError } from '@river/crds';
import type { Lease } from '@river/crds/kinds';
import { type ApiClient, type ManualClock, manualClock, silentLogger } from '@river/runtime';
import { takeLead } from './take-lead.ts';

/** One lease, as a server keeps it: a write from an old revision is refused. */
function leaseServer() {
  let held: Lease | undefined;
  let revision = 0;
  const put = (lease: Lease): Lease => {
    held = structuredClone({ ...lease, metadata: { ...lease.metadata, uid: 'u', resourceVersion: String(++revision) } });
    return held;
  };
  const clientFor = (line: () => 'whole' | 'cut' | 'hangs') => {
    const reach = async () => {
      if (line() === 'cut') throw new ApiError('ServiceUnavailable', 'the line is cut');
      if (line() === 'hangs') await new Promise(() => {});
    };
    const resource = () => ({
      async get() {
        await reach();
        if (!held) throw new ApiError('NotFound', 'there is none');
        return structuredClone(held);
      },
      async create(lease: Lease) {
        await reach();
        if (held) throw new ApiError('AlreadyExists', 'there is one');
        return put(lease);
      },
      async update(lease: Lease) {
        await reach();
        if (lease.metadata.resourceVersion !== held?.metadata.resourceVersion) throw new ApiError('Conflict', 'it is another by now');
        return put(lease);
      },
    });
    // Only what a candidate calls is there.
    return { resource } as unknown as Pick<ApiClient, 'resource'>;
  };
  return { clientFor, holder: () => held?.spec?.holderIdentity };
}

let clock: ManualClock;
let server: ReturnType<typeof leaseServer>;
let stops: AbortController[];
beforeEach(() => {
  clock = manualClock();
  server = leaseServer();
  stops = [];
});
afterEach(() => {
  for (const stop of stops) stop.abort();
});

const start = (identity: string) => {
  const stop = new AbortController();
  stops.push(stop);
  const state = { isLeading: false, line: 'whole' as 'whole' | 'cut' | 'hangs', stop, done: Promise.resolve() };
  state.done = takeLead({
    client: server.clientFor(() => state.line),
    identity,
    signal: stop.signal,
    clock,
    random: () => 0.5,
    log: silentLogger,
    async lead(signal) {
      state.isLeading = true;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      state.isLeading = false;
    },
  });
  return state;
};
const settle = async () => {
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
};
/** Time in small steps, so that everybody acts in between. */
const pass = async (ms: number, look = () => {}) => {
  for (let spent = 0; spent < ms; spent += 50) {
    clock.advance(50);
    await settle();
    look();
  }
};

describe('leading', () => {
  it('is done by one of several', async () => {
    const all = ['a', 'b', 'c'].map(start);
    await settle();
    await pass(20_000, () => assert.equal(all.filter(({ isLeading }) => isLeading).length, 1));
  });

  it('goes over within five seconds from one that is gone, and never to two at once', async () => {
    const first = start('a');
    await settle();
    const second = start('b');
    await pass(3_000);
    assert.deepEqual([first.isLeading, second.isLeading], [true, false]);
    first.line = 'cut';
    const startMs = clock.monotonicMs();
    let tookMs: number | undefined;
    await pass(6_000, () => {
      assert.ok(!(first.isLeading && second.isLeading), 'both lead');
      if (second.isLeading) tookMs ??= clock.monotonicMs() - startMs;
    });
    assert.ok(tookMs !== undefined && tookMs <= 5_000, `it took ${tookMs} ms`);
    first.line = 'whole';
    await pass(6_000);
    assert.deepEqual([first.isLeading, second.isLeading], [false, true]);
  });

  it('is given up in order, so that the next need not wait', async () => {
    const first = start('a');
    await settle();
    const second = start('b');
    await pass(1_000);
    first.stop.abort();
    await first.done;
    assert.equal(server.holder(), '');
    await pass(600);
    assert.equal(second.isLeading, true);
  });

  it('ends by the clock of its own while a request hangs', async () => {
    const first = start('a');
    await settle();
    await pass(2_000);
    first.line = 'hangs';
    await pass(3_500);
    assert.equal(first.isLeading, false);
  });
});
