import { encodeStored } from '../object/encode.ts';
import { parseKey } from '../object/object-key.ts';

const unreadable = 'river.dev/unreadable';

/** The type that such a Secret is shown with. What it was in truth is not known. */
export const unreadableType = unreadable;

/**
 * What is shown of a Secret that does not open: its name, and why. It has no data and no uid, so nobody takes it for the Secret itself.
 * It can be deleted; the store refuses to write over it.
 */
export function unreadableSecret(key: string, problem: string): Buffer {
  const { name = '', namespace = '' } = parseKey(key) ?? {};
  const metadata = { name, namespace, annotations: { [unreadable]: problem } };
  return encodeStored({ apiVersion: 'v1', kind: 'Secret', metadata, type: unreadableType });
}
