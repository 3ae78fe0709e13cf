import type { Logger } from '@river/runtime';
import type { Sandbox, SandboxEngine } from './sandbox-engine.ts';
import { warmSandboxes } from './warm-sandboxes.ts';

export interface SandboxPoolDeps {
  engine: SandboxEngine;
  /** So many are made ready, and so many of a namespace's used ones are kept for it. */
  warm: number;
  log: Logger;
  signal: AbortSignal;
}

/**
 * Networks made ready before they are asked for. A used one goes only to a workload of the same namespace, since what was there
 * before may have left something: a late packet, a peer that still calls that address.
 */
export interface SandboxPool {
  /** The same for the same workload, until it leaves. */
  enter(uid: string, namespace: string): Promise<Sandbox>;
  /** `isClean`: it could not change its network, so that another may have it. */
  leave(uid: string, isClean: boolean): Promise<void>;
  addressOf(id: string): string | undefined;
  /** Removes what nobody uses and nobody knows, and makes up for what is missing. */
  tend(): Promise<void>;
  /** Before this process ends: what nobody uses goes with it. */
  close(signal: AbortSignal): Promise<void>;
  counts(): { warm: number; used: number; kept: number };
}

interface Used {
  sandbox: Sandbox;
  namespace: string;
}

export function sandboxPool(deps: SandboxPoolDeps): SandboxPool {
  const { engine, warm: wanted, signal } = deps;
  const warm = warmSandboxes(deps);
  const used = new Map<string, Used>();
  const kept = new Map<string, Sandbox[]>();
  let adopted: Promise<void> | undefined;
  const keptCount = () => [...kept.values()].reduce((sum, list) => sum + list.length, 0);

  /** What was used before this process began is still used; of the rest nobody knows by whom it was. */
  const adopt = async () => {
    const { ids, usedBy } = await engine.list(signal);
    for (const id of ids) {
      const user = usedBy.get(id);
      if (user && !used.has(user.uid))
        used.set(user.uid, { sandbox: (await engine.look(id, signal)) ?? { id }, namespace: user.namespace });
      else if (!user) await engine.remove(id, signal);
    }
  };
  const ready = () => {
    adopted ??= adopt().catch((error) => {
      adopted = undefined;
      throw error;
    });
    return adopted;
  };
  const running = async (sandbox: Sandbox | undefined) => {
    if (!sandbox) return undefined;
    const found = await engine.look(sandbox.id, signal);
    if (!found) await engine.remove(sandbox.id, signal);
    return found;
  };
  const pick = async (namespace: string): Promise<Sandbox> => {
    for (let next = kept.get(namespace)?.pop() ?? warm.pop(); next; next = kept.get(namespace)?.pop() ?? warm.pop()) {
      const found = await running(next);
      if (found) return found;
    }
    return warm.make();
  };
  return {
    async enter(uid, namespace) {
      await ready();
      const mine = await running(used.get(uid)?.sandbox);
      const sandbox = mine ?? (await pick(namespace));
      used.set(uid, { sandbox, namespace });
      warm.fill();
      return sandbox;
    },
    async leave(uid, isClean) {
      await ready();
      const mine = used.get(uid);
      if (!mine) return;
      used.delete(uid);
      const mates = kept.get(mine.namespace) ?? [];
      if (!isClean || mates.length >= wanted || keptCount() >= 4 * wanted) return engine.remove(mine.sandbox.id, signal);
      kept.set(mine.namespace, [...mates, mine.sandbox]);
    },
    addressOf: (id) => [...used.values()].find(({ sandbox }) => sandbox.id === id)?.sandbox.address,
    async tend() {
      await ready();
      const { ids, usedBy } = await engine.list(signal);
      // What is being made has no place yet, and would look like nobody's.
      if (!warm.isMaking()) {
        const held = [...[...used.values()].map(({ sandbox }) => sandbox), ...[...kept.values()].flat()];
        const known = new Set([...warm.ids(), ...held.map(({ id }) => id)]);
        for (const id of ids) if (!known.has(id) && !usedBy.has(id)) await engine.remove(id, signal);
      }
      warm.fill();
    },
    async close(last) {
      const { ids, usedBy } = await engine.list(last);
      // What was given out just now may have no workload yet.
      const taken = new Set([...used.values()].map(({ sandbox }) => sandbox.id));
      await Promise.all(ids.filter((id) => !usedBy.has(id) && !taken.has(id)).map((id) => engine.remove(id, last)));
    },
    counts: () => ({ warm: warm.ids().length, used: used.size, kept: keptCount() }),
  };
}
