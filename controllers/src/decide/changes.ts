import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, KubeObject, OwnerReference } from '@river/crds';
import type { Change, Decision, Now } from './decision.ts';

/** A status is written only when it says something new. */
export const writeStatus = (of: KubeObject, status: object): Change[] =>
  isDeepStrictEqual(of.status ?? {}, status) ? [] : [{ act: 'status', of, status: status as JsonObject }];

export const hasFinalizer = ({ metadata }: KubeObject, finalizer: string): boolean => metadata.finalizers?.includes(finalizer) ?? false;

export const addFinalizer = (of: KubeObject, finalizer: string): Change => ({
  act: 'patch',
  of,
  body: { metadata: { finalizers: [...(of.metadata.finalizers ?? []), finalizer] } },
});

export const dropFinalizer = (of: KubeObject, finalizer: string): Change => ({
  act: 'patch',
  of,
  body: { metadata: { finalizers: (of.metadata.finalizers ?? []).filter((held) => held !== finalizer) } },
});

export const tell = (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): Change => ({
  act: 'event',
  about,
  type,
  reason,
  message,
});

/** Goes with its owner, and holds up an owner that waits for what it owns. */
export const ownedBy = ({ apiVersion, kind, metadata }: KubeObject): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: uidOf({ metadata }),
  controller: true,
  blockOwnerDeletion: true,
});

/** Every object that a server gave has one. */
export const uidOf = ({ metadata }: Pick<KubeObject, 'metadata'>): string => metadata.uid ?? '';

export const isDeleting = ({ metadata }: Pick<KubeObject, 'metadata'>): boolean => metadata.deletionTimestamp !== undefined;

export const timeOf = ({ wallMs }: Now): string => new Date(wallMs).toISOString();

/** What was decided so far, and the earliest of the times to ask again. */
export const decide = (changes: Change[], ...times: (number | undefined)[]): Decision => {
  const wanted = times.filter((time) => time !== undefined);
  return wanted.length === 0 ? { changes } : { changes, again: Math.min(...wanted) };
};
