import type { KeyRing } from '@river/runtime';
import { type Admit, BackupError } from '../store/backup.ts';
import { stateOf } from '../store/sealed/sealed-value.ts';
import { seals as makeSeals } from '../store/sealed/seals.ts';
import { sealedPrefixes } from './sealed-prefixes.ts';

/**
 * Lets sealed Secrets of a backup in as they are when their key is at hand, and seals those that are in clear.
 * Without a ring those in clear stay so: the server that is started on them seals them.
 */
export function admitSealed({ file, ring }: { file: string; ring: KeyRing | undefined }): Admit {
  const seals = makeSeals({ prefixes: sealedPrefixes, ring });
  const known = new Set(ring?.keys.map(({ id }) => id));
  return (entry) => {
    if (!seals.covers(entry.key)) return entry;
    const state = stateOf(entry.value);
    if (state.is === 'plain') return { key: entry.key, value: seals.seal(entry.key, entry.value) };
    if (state.is === 'sealed' && !known.has(state.keyId)) throw missing(state.keyId, file);
    return entry;
  };
}

const missing = (keyId: string, file: string): BackupError =>
  new BackupError(
    `the Secrets in this backup are sealed with key ${JSON.stringify(keyId)}, which is not in ${file}: put the key ring of the control plane that the backup is from there, then try again`,
  );
