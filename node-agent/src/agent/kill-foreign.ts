import type { Driver } from '../driver/driver.ts';
import type { Freezer } from '../guard/freezer.ts';
import type { Journal } from '../journal/journal.ts';
import { workOf } from '../order/work-of.ts';
import type { Work } from '../plan/work.ts';
import type { Resources } from './resources.ts';

export interface KillingForeign {
  placements: Pick<Resources['placements'], 'pages'>;
  node: string;
  journal: Pick<Journal, 'all'>;
  driver: Pick<Driver, 'observe'>;
  freezer: Pick<Freezer, 'kill'>;
  signal: AbortSignal;
}

/**
 * Before fenced work is thawed: what is not this node's any more is killed where it stands, so that not one instruction of it runs
 * beside its successor. Asks the server anew, since the cache may be as old as the silence was long.
 */
export async function killForeign({ placements, node, journal, driver, freezer, signal }: KillingForeign): Promise<void> {
  const fenced = new Set(journal.all().flatMap(({ uid, isFenced, outcome }) => (isFenced && !outcome ? [uid] : [])));
  if (fenced.size === 0) return;
  const works = new Map<string, Work>();
  for await (const { items } of placements.pages({ fieldSelector: `spec.nodeName=${node}`, signal }))
    for (const placement of items) {
      const work = workOf(placement);
      if (work) works.set(work.uid, work);
    }
  for (const { uid, id, epoch } of await driver.observe(signal)) {
    const work = works.get(uid);
    const isOurs = work?.epoch === epoch && !work.isOver;
    if (fenced.has(uid) && !isOurs) freezer.kill(id);
  }
}
