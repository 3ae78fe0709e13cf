import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ApiError } from '@river/crds';
import { memoryStore } from '../store/memory-store.ts';
import { delayedStore } from '../testing/delayed-store.ts';
import { refusal, type TestCore, testCore } from '../testing/test-core.ts';
import type { ListQuery } from './list-objects.ts';

const map = (name: string, labels: Record<string, string> = {}, namespace = 'default') => ({ metadata: { name, namespace, labels } });

/** Names as they were written: `a b c`, then `a` went and `d` came. */
async function written(server: TestCore): Promise<Record<'abc' | 'abcd' | 'bcd', string>> {
  for (const name of ['a', 'b', 'c']) await server.create('configmaps', map(name));
  const abc = (await server.list('configmaps')).revision;
  await server.create('configmaps', map('d'));
  const abcd = (await server.list('configmaps')).revision;
  await server.remove('configmaps', 'default/a');
  const bcd = (await server.list('configmaps')).revision;
  return { abc: `${abc}`, abcd: `${abcd}`, bcd: `${bcd}` };
}

const causesOf = (error: ApiError) => error.details?.causes?.map(({ field, reason }) => `${field} ${reason}`);

describe('lists by resourceVersion, resourceVersionMatch and limit', () => {
  let server: TestCore;
  let at: Awaited<ReturnType<typeof written>>;
  before(async () => {
    server = await testCore();
    at = await written(server);
  });
  after(() => server.close());

  const rows: [what: string, query: () => ListQuery, names: string, isAt?: 'abc' | 'abcd'][] = [
    ['nothing: the newest', () => ({}), 'b c d'],
    ['0: whatever is at hand', () => ({ resourceVersion: '0' }), 'b c d'],
    ['a revision: not older', () => ({ resourceVersion: at.abc }), 'b c d'],
    ['a revision, not older', () => ({ resourceVersion: at.abc, resourceVersionMatch: 'NotOlderThan' }), 'b c d'],
    ['0, not older', () => ({ resourceVersion: '0', resourceVersionMatch: 'NotOlderThan' }), 'b c d'],
    ['a revision, exactly', () => ({ resourceVersion: at.abc, resourceVersionMatch: 'Exact' }), 'a b c', 'abc'],
    ['a later one, exactly', () => ({ resourceVersion: at.abcd, resourceVersionMatch: 'Exact' }), 'a b c d', 'abcd'],
    ['a limit: the newest', () => ({ limit: 2 }), 'b c'],
    ['a limit and 0', () => ({ limit: 2, resourceVersion: '0' }), 'b c'],
    ['a limit and a revision: exactly', () => ({ limit: 2, resourceVersion: at.abc }), 'a b', 'abc'],
    ['a limit and a revision, not older', () => ({ limit: 2, resourceVersion: at.abc, resourceVersionMatch: 'NotOlderThan' }), 'b c'],
    ['a limit and a revision, exactly', () => ({ limit: 3, resourceVersion: at.abcd, resourceVersionMatch: 'Exact' }), 'a b c', 'abcd'],
    ['a limit of 0: no limit', () => ({ limit: 0, resourceVersion: at.abc }), 'b c d'],
    ['a limit that all fit in', () => ({ limit: 3 }), 'b c d'],
  ];
  for (const [what, query, names, isAt] of rows) {
    it(`gives ${names} for ${what}`, async () => {
      const listed = await server.list('configmaps', 'default', query());
      assert.equal(listed.names.join(' '), names);
      assert.equal(`${listed.revision}`, isAt ? at[isAt] : at.bcd);
    });
  }

  const refused: [what: string, query: () => ListQuery, reason: string, causes?: string[]][] = [
    ['a match without a revision', () => ({ resourceVersionMatch: 'Exact' }), 'Invalid', ['resourceVersionMatch FieldValueForbidden']],
    ['exactly 0', () => ({ resourceVersion: '0', resourceVersionMatch: 'Exact' }), 'Invalid', ['resourceVersionMatch FieldValueForbidden']],
    [
      'a match that is none',
      () => ({ resourceVersion: '1', resourceVersionMatch: 'Sometime' }),
      'Invalid',
      ['resourceVersionMatch FieldValueNotSupported'],
    ],
    ['a revision that is no number', () => ({ resourceVersion: 'x' }), 'BadRequest'],
    ['a negative revision', () => ({ resourceVersion: '-1' }), 'BadRequest'],
    ['a token that is none', () => ({ continue: 'e30' }), 'BadRequest'],
    ['a token that is not even base64', () => ({ continue: '%%%' }), 'BadRequest'],
    ['a selector that cannot be read', () => ({ labelSelector: 'a in (' }), 'BadRequest'],
    ['a field that cannot be selected', () => ({ fieldSelector: 'data.x=1' }), 'BadRequest'],
  ];
  for (const [what, query, reason, causes] of refused) {
    it(`refuses ${what}`, async () => {
      const error = await refusal(server.list('configmaps', 'default', query()));
      assert.equal(error.reason, reason);
      if (causes) assert.deepEqual(causesOf(error), causes);
    });
  }

  it('refuses a revision that has not happened, after waiting a moment for it', async () => {
    for (const resourceVersionMatch of ['Exact', 'NotOlderThan']) {
      const asked = refusal(server.list('configmaps', '', { resourceVersion: '100000', resourceVersionMatch }));
      server.clock.advance(5_000);
      const error = await asked;
      assert.equal(error.reason, 'Timeout');
      assert.deepEqual(causesOf(error), [' ResourceVersionTooLarge']);
      assert.equal(error.details?.retryAfterSeconds, 1);
    }
  });
});

describe('lists in pages', () => {
  const filled = async (count: number): Promise<TestCore> => {
    const server = await testCore();
    for (let at = 0; at < count; at++)
      await server.create(
        'configmaps',
        map(`m${String(at).padStart(4, '0')}`, { even: String(at % 2 === 0) }, at % 5 === 0 ? 'kube-system' : 'default'),
      );
    return server;
  };
  const follow = async (server: TestCore, query: ListQuery, meanwhile = async (_page: number) => {}) => {
    const pages = [await server.list('configmaps', 'default', query)];
    for (let last = pages.at(-1); last?.continueToken; last = pages.at(-1)) {
      await meanwhile(pages.length);
      pages.push(await server.list('configmaps', 'default', { ...query, continue: last.continueToken }));
    }
    return pages;
  };

  it('gives every object once, as it was at the first page, whatever is written meanwhile', async () => {
    const server = await filled(20);
    const before = await server.list('configmaps', 'default');
    const pages = await follow(server, { limit: 3 }, async (page) => {
      if (page === 2) return;
      await server.create('configmaps', map(`m000${page}x`));
      await server.remove('configmaps', `default/${before.names.at(-page)}`);
    });
    assert.deepEqual(
      pages.flatMap(({ names }) => names),
      before.names,
    );
    assert.deepEqual(new Set(pages.map(({ revision }) => revision)).size, 1);
    assert.equal(pages[0]?.remaining, before.names.length - 3);
    await server.close();
  });

  it('counts what remains only when nothing is selected', async () => {
    const server = await filled(20);
    const pages = await follow(server, { limit: 3, labelSelector: 'even=true' }, async () => {
      await server.create('secrets', { metadata: { generateName: 's', namespace: 'default' } });
    });
    assert.deepEqual(
      pages.map(({ names }) => names.length),
      [3, 3, 2],
    );
    assert.ok(pages.every(({ remaining }) => remaining === undefined));
    await server.close();
  });

  it('reads more than one page of the store for one list of the past', async () => {
    const server = await filled(700);
    const { revision, names } = await server.list('configmaps', 'default');
    await server.create('configmaps', map('another'));
    const query = { resourceVersion: `${revision}`, resourceVersionMatch: 'Exact' };
    assert.deepEqual((await server.list('configmaps', 'default', query)).names, names);
    const even = (await server.list('configmaps', '', { ...query, labelSelector: 'even=true', limit: 300 })).names;
    assert.equal(even.length, 300);
    await server.close();
  });

  it('answers 410 with a token to go on with when the revision was compacted between two pages', async () => {
    const server = await filled(20);
    const first = await server.list('configmaps', 'default', { limit: 5 });
    await server.create('configmaps', map('zz'));
    await server.remove('configmaps', `default/${first.names[0]}`);
    await server.store.compact(await server.store.currentRevision());
    const second = { limit: 5, continue: first.continueToken };
    const error = await refusal(server.list('configmaps', 'default', second));
    assert.equal(error.code, 410);
    assert.equal(error.reason, 'Expired');
    assert.equal(error.toStatus().metadata.continue, error.continueToken);
    const names = [...first.names];
    for (let token = error.continueToken; token; ) {
      const page = await server.list('configmaps', 'default', { limit: 5, continue: token });
      names.push(...page.names);
      token = page.continueToken;
    }
    const now = (await server.list('configmaps', 'default')).names;
    assert.deepEqual(names, [first.names[0], ...now], 'nothing that was there all the time is missing');
    await server.close();
  });

  it('gives the token of the page that was asked for when the past goes while that page is being read', async () => {
    const inner = memoryStore();
    let isTrap = false;
    const server = await testCore({
      store: {
        ...inner,
        async list(prefix, page, signal) {
          if (isTrap && page?.after?.endsWith('m0509')) await inner.compact(await inner.currentRevision());
          return inner.list(prefix, page, signal);
        },
      },
    });
    for (let at = 0; at < 600; at++) await server.create('configmaps', map(`m${String(at).padStart(4, '0')}`));
    const first = await server.list('configmaps', 'default', { limit: 10 });
    await server.create('configmaps', map('zz'));
    isTrap = true;
    const error = await refusal(server.list('configmaps', 'default', { limit: 580, continue: first.continueToken }));
    assert.equal(error.code, 410);
    const next = await server.list('configmaps', 'default', { limit: 1, continue: error.continueToken });
    assert.deepEqual(next.names, ['m0010'], 'nothing is left out');
    await server.close();
  });

  it('answers 410 without a token when the list that was asked for cannot be given at all', async () => {
    const server = await filled(3);
    const { revision } = await server.list('configmaps');
    for (const name of ['x', 'y']) await server.create('configmaps', map(name));
    await server.store.compact(revision + 2n);
    const error = await refusal(server.list('configmaps', '', { resourceVersion: `${revision}`, resourceVersionMatch: 'Exact' }));
    assert.deepEqual([error.code, error.continueToken], [410, undefined]);
    await server.close();
  });

  it('refuses a token together with a revision or a match, and one of another list', async () => {
    const server = await filled(10);
    const { continueToken } = await server.list('configmaps', 'default', { limit: 2 });
    const asked = (query: ListQuery, resource = 'configmaps') =>
      refusal(server.list(resource, 'default', { continue: continueToken, ...query }));
    assert.equal((await asked({ resourceVersion: '5' })).reason, 'BadRequest');
    assert.equal((await asked({ resourceVersion: '5', resourceVersionMatch: 'Exact' })).reason, 'Invalid');
    assert.equal((await asked({}, 'secrets')).reason, 'BadRequest');
    assert.equal((await server.list('configmaps', 'default', { limit: 2, continue: continueToken, resourceVersion: '0' })).names.length, 2);
    await server.close();
  });
});

describe('reads with two servers on one store', () => {
  it('see what the other has acknowledged', async () => {
    const shared = memoryStore();
    const lagging = delayedStore(shared);
    const one = await testCore({ store: shared });
    const two = await testCore({ store: lagging.store });
    lagging.hold();
    await one.create('configmaps', map('a'));
    let isAnswered = false;
    const reading = two.list('configmaps', 'default').finally(() => {
      isAnswered = true;
    });
    const atHand = await two.list('configmaps', 'default', { resourceVersion: '0' });
    assert.deepEqual(atHand.names, [], 'resourceVersion 0 takes what is at hand');
    assert.equal(isAnswered, false, 'a list of now waits');
    lagging.release();
    assert.deepEqual((await reading).names, ['a']);
    lagging.hold();
    const changed = await one.patch('configmaps', 'default/a', { body: { data: { x: '1' } } });
    const got = two.get('configmaps', 'default/a');
    const atLeast = two.get('configmaps', 'default/a', changed.metadata.resourceVersion);
    assert.equal((await two.get('configmaps', 'default/a', '0')).data, undefined);
    lagging.release();
    assert.deepEqual((await got).data, { x: '1' });
    assert.deepEqual((await atLeast).data, { x: '1' });
    await one.close();
    await two.close();
  });

  it('are refused when the cache does not follow, instead of being wrong', async () => {
    const lagging = delayedStore(memoryStore());
    const one = await testCore({ store: lagging.store });
    lagging.hold();
    await one.create('configmaps', map('a'));
    const reading = refusal(one.get('configmaps', 'default/a'));
    for (let at = 0; at < 3; at++) {
      await new Promise(setImmediate);
      one.clock.advance(10_000);
    }
    const error = await reading;
    assert.deepEqual([error.reason, error.details?.retryAfterSeconds], ['ServiceUnavailable', 1]);
    lagging.release();
    await one.close();
  });
});
