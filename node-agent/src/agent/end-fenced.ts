import type { Freezer } from '../guard/freezer.ts';
import type { Journal } from '../journal/journal.ts';
import { nodeLost } from '../plan/outcome-of.ts';
import type { GuardLink } from './guard-link.ts';

export interface EndingFenced {
  node: string;
  journal: Pick<Journal, 'all' | 'put'>;
  link: Pick<GuardLink, 'freeze'>;
  freezer: Pick<Freezer, 'isEmpty' | 'killAll'>;
  nowMs: () => number;
  /** It is over, and may be told of. */
  onEnded: (uid: string) => void;
}

/**
 * The lease was another's: whatever is fenced here may have a successor. It is frozen, noted as lost, and killed where it stands, in this
 * order and before the lease is taken back, so that a crash in between begins anew. The engine is not asked, and may be away.
 */
export async function endFenced({ node, journal, link, freezer, nowMs, onEnded }: EndingFenced): Promise<void> {
  const going = () => journal.all().filter(({ isFenced, outcome }) => isFenced && !outcome);
  if (going().length === 0 && freezer.isEmpty()) return;
  await link.freeze();
  const ended = going();
  for (const admission of ended) journal.put({ ...admission, outcome: nodeLost(node, nowMs()) });
  freezer.killAll();
  for (const { uid } of ended) onEnded(uid);
}
