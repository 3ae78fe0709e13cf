import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject, OwnerReference } from '@river/crds';
import fc from 'fast-check';
import { memoryStore } from '../store/memory-store.ts';
import { type TestCore, testCore, turn } from '../testing/test-core.ts';
import { widgetDefinition } from '../testing/widget-definition.ts';
import type { DeleteOptions } from '../write/delete-object.ts';

const widgets = 'widgets.example.com';
const globes = 'globes.example.com';

const definitions = [widgetDefinition(), widgetDefinition({ kind: 'Globe', scope: 'Cluster' })];

const refTo = ({ apiVersion, kind, metadata }: KubeObject, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid ?? '',
  ...more,
});

const make = (server: TestCore, name: string, owners: readonly OwnerReference[] = [], more: object = {}, resource = 'configmaps') =>
  server.create(resource, {
    metadata: {
      name,
      ...(resource !== globes && { namespace: 'default' }),
      ...(owners.length > 0 && { ownerReferences: [...owners] }),
      ...more,
    },
  });

const names = async (server: TestCore, resource = 'configmaps', namespace = 'default'): Promise<string> =>
  (await server.list(resource, namespace)).names.join(' ');

/** Long enough for everything that could wrongly happen. */
const aWhile = async (server: TestCore, forMs = 2_000) => {
  for (let at = 0; at < forMs / 100; at++) {
    await turn();
    await turn();
    server.clock.advance(100);
  }
};

const withServer = async (use: (server: TestCore) => Promise<void>) => {
  const server = await testCore({ definitions });
  await use(server);
  await server.close();
};

describe('what is owned', () => {
  it('goes with its owner, over kinds and generations, and nothing else does', () =>
    withServer(async (server) => {
      const owner = await make(server, 'owner', [], {}, widgets);
      const child = await make(server, 'child', [refTo(owner)]);
      await make(server, 'grandchild', [refTo(child)]);
      await make(server, 'stranger');
      await server.remove(widgets, 'default/owner');
      await server.until('the family is gone', async () => (await names(server)) === 'stranger');
      await aWhile(server);
      assert.equal(await names(server), 'stranger');
    }));

  it('stays while one of its owners does, and forgets the others', () =>
    withServer(async (server) => {
      const [a, b] = [await make(server, 'a'), await make(server, 'b')];
      await make(server, 'child', [refTo(a), refTo(b)]);
      await server.remove('configmaps', 'default/a');
      const owners = async () => (await server.get('configmaps', 'default/child')).metadata.ownerReferences?.map(({ name }) => name).join();
      await server.until('only one owner is left', async () => (await owners()) === 'b');
      await server.remove('configmaps', 'default/b');
      await server.until('it is gone', async () => (await names(server)) === '');
    }));

  it('goes when its owner was gone before it came, or another object has taken the name', () =>
    withServer(async (server) => {
      const old = await make(server, 'owner');
      await server.remove('configmaps', 'default/owner');
      await make(server, 'owner');
      await make(server, 'child', [refTo(old)]);
      await server.until('it is gone', async () => (await names(server)) === 'owner');
    }));

  it('goes with its owner also when the kind of the owner goes at the same time', () =>
    withServer(async (server) => {
      const owners = await Promise.all(Array.from({ length: 30 }, (_, at) => make(server, `o${at}`, [], {}, widgets)));
      await Promise.all(owners.map((owner, at) => make(server, `child${at}`, [refTo(owner)])));
      await server.remove('customresourcedefinitions.apiextensions.k8s.io', widgets);
      await server.until('all are gone', async () => (await names(server)) === '');
    }));

  it('is let go by its owner when that is what was asked', () =>
    withServer(async (server) => {
      const owner = await make(server, 'owner');
      await make(server, 'child', [refTo(owner)]);
      await server.remove('configmaps', 'default/owner', { propagationPolicy: 'Orphan' });
      await server.until('the owner is gone', async () => (await names(server)) === 'child');
      await aWhile(server);
      assert.equal((await server.get('configmaps', 'default/child')).metadata.ownerReferences, undefined);
    }));

  it('is waited for by its owner when that is what was asked, all the way down', () =>
    withServer(async (server) => {
      const owner = await make(server, 'owner');
      const child = await make(server, 'child', [refTo(owner, { blockOwnerDeletion: true })]);
      await make(server, 'grandchild', [refTo(child, { blockOwnerDeletion: true })], { finalizers: ['a.b/c'] });
      await server.remove('configmaps', 'default/owner', { propagationPolicy: 'Foreground' });
      await aWhile(server);
      assert.equal(await names(server), 'child grandchild owner');
      assert.ok((await server.list('configmaps', 'default')).items.every(({ metadata }) => metadata.deletionTimestamp));
      await server.patch('configmaps', 'default/grandchild', { body: { metadata: { finalizers: null } } });
      await server.until('all are gone', async () => (await names(server)) === '');
    }));

  it('is not waited for when it does not block its owner, but goes all the same', () =>
    withServer(async (server) => {
      const owner = await make(server, 'owner');
      await make(server, 'child', [refTo(owner)], { finalizers: ['a.b/c'] });
      await server.remove('configmaps', 'default/owner', { propagationPolicy: 'Foreground' });
      await server.until('the owner is gone', async () => (await names(server)) === 'child');
      await server.until('the child goes too', async () => {
        return (await server.get('configmaps', 'default/child')).metadata.deletionTimestamp !== undefined;
      });
    }));

  it('does not hold itself up in a circle', () =>
    withServer(async (server) => {
      const a = await make(server, 'a');
      const b = await make(server, 'b', [refTo(a, { blockOwnerDeletion: true })]);
      const own = [refTo(b, { blockOwnerDeletion: true }), refTo(a, { blockOwnerDeletion: true })];
      await server.patch('configmaps', 'default/a', { body: { metadata: { ownerReferences: own } } as never });
      await server.remove('configmaps', 'default/a', { propagationPolicy: 'Foreground' });
      await server.until('the circle is gone', async () => (await names(server)) === '');
    }));
});

describe('an owner that cannot be judged', () => {
  it('keeps what it owns while its kind is not served, until the kind is', () =>
    withServer(async (server) => {
      const owner = { apiVersion: 'later.example.com/v1', kind: 'Later', name: 'x', uid: 'no-such' };
      await make(server, 'child', [owner]);
      await aWhile(server, 120_000);
      assert.equal(await names(server), 'child');
      await server.create('customresourcedefinitions.apiextensions.k8s.io', {
        ...widgetDefinition({ kind: 'Later', group: 'later.example.com' }),
      } as never);
      for (let at = 0; at < 40 && (await names(server)) !== ''; at++) await aWhile(server, 2_000);
      assert.equal(await names(server), '', 'now it is certain that the owner is not there');
    }));

  it('in another namespace counts as absent; one in a namespace cannot own what is in none', () =>
    withServer(async (server) => {
      const owner = await make(server, 'owner', [], {}, widgets);
      await server.create('configmaps', { metadata: { name: 'elsewhere', namespace: 'kube-system', ownerReferences: [refTo(owner)] } });
      await make(server, 'wide', [refTo(owner)], {}, globes);
      await server.until('the one elsewhere is gone', async () => (await names(server, 'configmaps', 'kube-system')) === '');
      await server.remove(widgets, 'default/owner');
      await aWhile(server);
      assert.equal(await names(server, globes, ''), 'wide', 'nothing outside namespaces is deleted on a guess');
    }));

  it('outside namespaces keeps what it owns inside them', () =>
    withServer(async (server) => {
      const owner = await make(server, 'owner', [], {}, globes);
      await make(server, 'child', [refTo(owner)]);
      await aWhile(server);
      assert.equal(await names(server), 'child');
      await server.remove(globes, 'owner');
      await server.until('it is gone', async () => (await names(server)) === '');
    }));
});

it('goes on where another server stopped', async () => {
  const store = memoryStore();
  const before = await testCore({ store, definitions });
  const owner = await make(before, 'owner');
  await make(before, 'child', [refTo(owner, { blockOwnerDeletion: true })]);
  const free = await make(before, 'free');
  await make(before, 'kept', [refTo(free)]);
  before.core.stop();
  await before.remove('configmaps', 'default/owner', { propagationPolicy: 'Foreground' });
  await before.remove('configmaps', 'default/free', { propagationPolicy: 'Orphan' });
  const later = await testCore({ store, definitions });
  await later.until('the work is done', async () => (await names(later)) === 'kept');
  await aWhile(later);
  assert.equal((await later.get('configmaps', 'default/kept')).metadata.ownerReferences, undefined);
  await later.close();
});

interface Tree {
  /** For each object the owners it has among those before it. */
  owners: { of: number[]; blocks: boolean }[];
  deletions: { which: number; policy: DeleteOptions['propagationPolicy'] }[];
}

const tree: fc.Arbitrary<Tree> = fc.record({
  owners: fc.array(fc.record({ of: fc.array(fc.nat(1000), { maxLength: 2 }), blocks: fc.boolean() }), {
    minLength: 2,
    maxLength: 14,
    size: 'max',
  }),
  deletions: fc.array(
    fc.record({ which: fc.nat(1000), policy: fc.constantFrom('Background' as const, 'Foreground' as const, undefined) }),
    {
      minLength: 1,
      maxLength: 4,
    },
  ),
});

/** Gone are those that were deleted, and those all of whose owners are gone. */
function survivors(owners: readonly (readonly number[])[], deleted: ReadonlySet<number>): number[] {
  const gone = new Set(deleted);
  for (const [at, of] of owners.entries()) if (of.length > 0 && of.every((owner) => gone.has(owner))) gone.add(at);
  return owners.flatMap((_, at) => (gone.has(at) ? [] : [at]));
}

it('deletes all that a deleted object owned, and nothing else, in any forest', async () => {
  const server = await testCore({ definitions });
  let round = 0;
  await fc.assert(
    fc.asyncProperty(tree, async ({ owners, deletions }) => {
      const base = `r${++round}x`;
      const resource = (at: number) => (at % 3 === 0 ? widgets : 'configmaps');
      const objects: KubeObject[] = [];
      const ownersOf = owners.map(({ of }, at) => (at === 0 ? [] : [...new Set(of.map((owner) => owner % at))]));
      for (const [at, of] of ownersOf.entries()) {
        const references = of.map((owner) => refTo(objects[owner] as KubeObject, owners[at]?.blocks ? { blockOwnerDeletion: true } : {}));
        objects.push(await make(server, `${base}${at}`, references, {}, resource(at)));
      }
      const deleted = new Set(deletions.map(({ which }) => which % objects.length));
      const asked = deletions.map(({ which, policy }) => {
        const at = which % objects.length;
        return server.remove(resource(at), `default/${base}${at}`, policy ? { propagationPolicy: policy } : {}).catch(() => undefined);
      });
      await Promise.all(asked);
      const wanted = survivors(ownersOf, deleted).map((at) => `${base}${at}`);
      const present = async () => [...(await server.list(widgets, 'default')).names, ...(await server.list('configmaps', 'default')).names];
      await server.until(`only ${wanted} are left`, async () => (await present()).length === wanted.length);
      await aWhile(server, 500);
      assert.deepEqual((await present()).sort(), wanted.sort());
      for (const name of wanted)
        for (const kind of [widgets, 'configmaps']) await server.remove(kind, `default/${name}`).catch(() => undefined);
      await server.until('the round is over', async () => (await present()).length === 0);
    }),
    { numRuns: 30 },
  );
  await server.close();
});

it('lets go of exactly what an orphaning owner owned', async () => {
  const server = await testCore({ definitions });
  for (let round = 0; round < 10; round++) {
    const [a, b] = [await make(server, 'a'), await make(server, 'b')];
    await Promise.all([0, 1, 2, 3, 4].map((at) => make(server, `c${at}`, at % 2 === 0 ? [refTo(a)] : [refTo(a), refTo(b)])));
    await server.remove('configmaps', 'default/a', { propagationPolicy: 'Orphan' });
    await server.until('the owner is gone', async () => (await server.find('configmaps', 'default/a')) === undefined);
    assert.equal(await names(server), 'b c0 c1 c2 c3 c4');
    await server.remove('configmaps', 'default/b');
    await server.until('what was owned twice goes with the second', async () => (await names(server)) === 'c0 c2 c4');
    for (const name of ['c0', 'c2', 'c4']) await server.remove('configmaps', `default/${name}`);
  }
  await server.close();
});
