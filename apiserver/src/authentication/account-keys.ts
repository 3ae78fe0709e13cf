import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, type webcrypto } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

/** The keys of accounts' tokens: one signs, all are believed. */
export interface AccountKeys {
  signing: { id: string; key: KeyObject };
  /** By key id. */
  verifying: ReadonlyMap<string, KeyObject>;
  /** The public halves, as a JSON Web Key Set. */
  published: { keys: readonly (webcrypto.JsonWebKey & { kid: string })[] };
}

/** A file of keys cannot be used. The message names it and says what to do. */
export class AccountKeysError extends Error {
  override readonly name = 'AccountKeysError';
}

const pemBlock = /-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g;
const readableByAll = 0o007;

/** Reads a file of PEM keys, oldest first: the last one signs. Older ones may be public keys only. @throws AccountKeysError */
export async function loadAccountKeys(file: string): Promise<AccountKeys> {
  if (((await stat(file)).mode & readableByAll) !== 0)
    throw new AccountKeysError(`${file} can be read by everybody on this machine: chmod 600 ${file}, and put a new key into it`);
  const blocks = (await readFile(file, 'utf8')).match(pemBlock) ?? [];
  try {
    return keysOf(blocks);
  } catch (cause) {
    const why = cause instanceof AccountKeysError ? `: ${cause.message}` : '';
    throw new AccountKeysError(`${file} is not a list of EC P-256 keys in PEM, the newest and private one last${why}`, { cause });
  }
}

/** Keys that end with this process, for a server that was given none. */
export const temporaryAccountKeys = (): AccountKeys =>
  keysOf([generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()]);

function keysOf(pems: readonly string[]): AccountKeys {
  const newest = pems.at(-1);
  if (newest === undefined) throw new AccountKeysError('it holds no key');
  const publicKeys = pems.map((pem) => createPublicKey(pem));
  if (publicKeys.some(({ asymmetricKeyDetails }) => asymmetricKeyDetails?.namedCurve !== 'prime256v1'))
    throw new AccountKeysError('a key in it is of another sort');
  const key = createPrivateKey(newest);
  const verifying = new Map(publicKeys.map((publicKey) => [idOf(publicKey), publicKey]));
  return {
    signing: { id: idOf(createPublicKey(key)), key },
    verifying,
    published: {
      keys: [...verifying].map(([kid, publicKey]) => ({ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' })),
    },
  };
}

const idOf = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
