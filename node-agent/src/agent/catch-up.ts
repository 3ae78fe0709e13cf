import type { Placement } from '@river/crds/kinds';
import { type Clock, type Informer, sleep } from '@river/runtime';
import type { Resources } from './resources.ts';

export interface CatchingUp {
  placements: Pick<Resources['placements'], 'pages'>;
  cache: Pick<Informer<Placement>, 'list' | 'isSynced'>;
  node: string;
  clock: Clock;
  signal: AbortSignal;
}

const lookMs = 50;
const patienceMs = 2_500;

/**
 * Before fenced work is thawed: what is known here must be as new as the server's own word, or what was lost meanwhile, and has a
 * successor, would be begun from an old view. @throws when that takes too long: the next renewal tries again.
 */
export async function catchUp({ placements, cache, node, clock, signal }: CatchingUp): Promise<void> {
  const wanted = new Map<string, string>();
  let listed = '0';
  for await (const { items, resourceVersion } of placements.pages({ fieldSelector: `spec.nodeName=${node}`, signal })) {
    listed = resourceVersion || '0';
    for (const { metadata } of items) wanted.set(metadata.uid ?? '', metadata.resourceVersion ?? '');
  }
  const isOld = () => {
    const known = new Map(cache.list().map(({ metadata }) => [metadata.uid ?? '', metadata.resourceVersion ?? '']));
    const isBehind = [...wanted].some(([uid, version]) => known.has(uid) && BigInt(known.get(uid) || 0) < BigInt(version || 0));
    const hasGone = [...known].some(([uid, version]) => !wanted.has(uid) && BigInt(version || 0) <= BigInt(listed));
    return !cache.isSynced || isBehind || hasGone;
  };
  const lastMs = clock.monotonicMs() + patienceMs;
  while (isOld()) {
    if (clock.monotonicMs() >= lastMs) throw new Error('what is bound to this node is not known yet');
    await sleep(clock, lookMs, signal);
  }
}
