import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { silentLogger } from '@river/runtime';
import fc from 'fast-check';
import type { SandboxEngine } from './sandbox-engine.ts';
import { sandboxPool } from './sandbox-pool.ts';

/** Sandboxes in memory. */
function memoryEngine() {
  const running = new Set<string>();
  const usedBy = new Map<string, { uid: string; namespace: string }>();
  let made = 0;
  const engine: SandboxEngine = {
    async make() {
      const id = `s${++made}`;
      await turn();
      running.add(id);
      return { id, address: `10.0.0.${made}` };
    },
    look: async (id) => (running.has(id) ? { id, address: `10.0.0.${id.slice(1)}` } : undefined),
    remove: async (id) => void running.delete(id),
    list: async () => ({ ids: [...running], usedBy }),
  };
  return { engine, running, usedBy };
}

const start = (engine: SandboxEngine, warm = 2) => sandboxPool({ engine, warm, log: silentLogger, signal: new AbortController().signal });
const rest = async (pool: ReturnType<typeof start>, warm = 2) => {
  for (let turns = 0; turns < 50 && pool.counts().warm < warm; turns++) await turn();
};

describe('the pool of sandboxes', () => {
  it('has some ready, gives them out, and makes up for them', async () => {
    const { engine, running } = memoryEngine();
    const pool = start(engine);
    await pool.tend();
    await rest(pool);
    const { id } = await pool.enter('u1', 'lab');
    assert.ok(running.has(id));
    assert.equal((await pool.enter('u1', 'lab')).id, id);
    await rest(pool);
    assert.deepEqual(pool.counts(), { warm: 2, used: 1, kept: 0 });
  });

  it('gives a used one to its namespace and to no other', async () => {
    const { engine } = memoryEngine();
    const pool = start(engine);
    const { id } = await pool.enter('u1', 'lab');
    await pool.leave('u1', true);
    assert.notEqual((await pool.enter('u2', 'other')).id, id);
    assert.equal((await pool.enter('u3', 'lab')).id, id);
  });

  it('takes away what nobody uses when it ends, and only that', async () => {
    const { engine, running, usedBy } = memoryEngine();
    const pool = start(engine);
    await pool.tend();
    await rest(pool);
    const given = await pool.enter('u1', 'lab');
    const joined = await pool.enter('u2', 'lab');
    usedBy.set(joined.id, { uid: 'u2', namespace: 'lab' });
    await pool.enter('u3', 'lab');
    await pool.leave('u3', true);
    await rest(pool);
    assert.equal(running.size, 5);
    await pool.close(new AbortController().signal);
    assert.deepEqual(running, new Set([given.id, joined.id]));
  });

  it('gives to nobody what a privileged workload has had', async () => {
    const { engine, running } = memoryEngine();
    const pool = start(engine);
    const { id } = await pool.enter('u1', 'lab');
    await pool.leave('u1', false);
    assert.equal(running.has(id), false);
  });

  it('takes another when one has died', async () => {
    const { engine, running } = memoryEngine();
    const pool = start(engine);
    await pool.tend();
    await rest(pool);
    running.clear();
    const { id } = await pool.enter('u1', 'lab');
    assert.ok(running.has(id));
  });

  it('leaves to those that use them what was there before it began, and removes the rest', async () => {
    const { engine, running, usedBy } = memoryEngine();
    for (const id of ['s101', 's102']) running.add(id);
    usedBy.set('s101', { uid: 'u1', namespace: 'lab' });
    const pool = start(engine);
    await pool.tend();
    assert.deepEqual([running.has('s101'), running.has('s102')], [true, false]);
    assert.equal((await pool.enter('u1', 'lab')).id, 's101');
    assert.equal(pool.addressOf('s101'), '10.0.0.101');
  });

  it('leaks none, and mixes no namespaces, whoever comes and goes', async () => {
    const step = fc.record({ uid: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), enters: fc.boolean(), isClean: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { engine, running } = memoryEngine();
        const pool = start(engine);
        const owners = new Map<string, string>();
        for (const { uid, enters, isClean } of steps) {
          const namespace = uid < 'd' ? 'one' : 'two';
          if (!enters) await pool.leave(uid, isClean);
          else {
            const { id } = await pool.enter(uid, namespace);
            assert.equal(owners.get(id) ?? namespace, namespace);
            owners.set(id, namespace);
          }
        }
        for (const uid of ['a', 'b', 'c', 'd', 'e', 'f']) await pool.leave(uid, true);
        await pool.tend();
        await rest(pool);
        const { warm, used, kept } = pool.counts();
        assert.deepEqual([used, kept <= 4, warm, running.size], [0, true, 2, warm + kept]);
      }),
      { numRuns: 60 },
    );
  });
});
