import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { writePrivateFile } from '@river/runtime';

const yearMs = 365 * 24 * 60 * 60 * 1000;
const pemBlock = /-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----\n?/g;

const newKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'prime256v1', privateKeyEncoding: { type: 'pkcs8', format: 'pem' } } as const).privateKey;

/**
 * The file of the keys that sign accounts' tokens, newest last: made when missing, and given a new key when it has not changed for a year.
 * The key before that stays, since tokens that it signed last on for a day.
 */
export const ensureAccountKeys = (file: string, now: Date): void => {
  const isThere = existsSync(file);
  if (isThere && now.getTime() - statSync(file).mtimeMs < yearMs) return;
  const kept = isThere ? (readFileSync(file, 'utf8').match(pemBlock) ?? []).slice(-1) : [];
  writePrivateFile(file, [...kept, newKey()].join(''));
};
