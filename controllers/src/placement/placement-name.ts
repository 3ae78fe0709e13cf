import type { KubeObject } from '@river/crds';
import { uidOf } from '../decide/changes.ts';

/** What containers, hosts and label values may be called at most. */
const longestName = 63;
const uidLetters = 5;

/** `<name, cut>-<5 of the uid>-<number>`: what is made anew under the name of something that was deleted is called otherwise. */
export function numberedName(owner: KubeObject, number: number, prefix = ''): string {
  const tail = `-${uidOf(owner).slice(0, uidLetters)}-${number}`;
  const cut = owner.metadata.name.slice(0, longestName - prefix.length - tail.length).replace(/[^a-z0-9]+$/, '');
  return `${prefix}${cut}${tail}`;
}

/** The name of an attempt. It is the lock: there is one such Placement, however many controllers believe that it is to be made. */
export const placementName = (owner: KubeObject, attempt: number): string =>
  numberedName(owner, attempt, `${owner.kind.charAt(0).toLowerCase()}-`);
