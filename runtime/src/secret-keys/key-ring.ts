import { randomBytes } from 'node:crypto';

/** A key that wraps the keys of sealed values. */
export interface RingKey {
  id: string;
  /** 256 bits. */
  secret: Buffer;
  createdAt: string;
}

/** The keys that a control plane can open its Secrets with, and the one that it seals them with. */
export interface KeyRing {
  use: RingKey;
  /** Oldest first; `use` is one of them. */
  keys: readonly RingKey[];
}

/** What is wrong with a key ring, for a person. Says nothing of its content. */
export class KeyRingError extends Error {
  override readonly name = 'KeyRingError';
}

const mostKeys = 64;
const keyBytes = 32;
const idPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** A new key. Its id says when it was made; what tells it from others is random. */
export function newKey(now: Date): RingKey {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '');
  return { id: `k${day}-${randomBytes(4).toString('hex')}`, secret: randomBytes(keyBytes), createdAt: now.toISOString() };
}

export function newKeyRing(now: Date): KeyRing {
  const key = newKey(now);
  return { use: key, keys: [key] };
}

/** @throws KeyRingError when there is no room. */
export function addKey(ring: KeyRing, key: RingKey): KeyRing {
  if (ring.keys.length >= mostKeys) throw new KeyRingError(`the key ring holds ${mostKeys} keys, the most it may: prune it first`);
  return { ...ring, keys: [...ring.keys, key] };
}

/** @throws KeyRingError when it is not there. */
export function useKey(ring: KeyRing, id: string): KeyRing {
  const use = ring.keys.find((key) => key.id === id);
  if (!use) throw new KeyRingError(`there is no key ${id} in the key ring; it has ${ring.keys.map((key) => key.id).join(', ')}`);
  return { ...ring, use };
}

export const keepKeys = (ring: KeyRing, isKept: (id: string) => boolean): KeyRing => ({
  ...ring,
  keys: ring.keys.filter(({ id }) => id === ring.use.id || isKept(id)),
});

export function formatKeyRing({ use, keys }: KeyRing): string {
  const written = keys.map(({ id, secret, createdAt }) => ({ id, createdAt, secret: secret.toString('base64') }));
  return `${JSON.stringify({ use: use.id, keys: written }, null, 2)}\n`;
}

/** @throws KeyRingError that says what is wrong, and quotes nothing. */
export function parseKeyRing(text: string, path: string): KeyRing {
  const bad = (what: string) => new KeyRingError(`${path} is not a key ring (${what}): put the right file there`);
  const parsed = parseJson(text);
  if (!isRecord(parsed) || !Array.isArray(parsed.keys)) throw bad('it must be {"use", "keys": [{"id", "secret", "createdAt"}]}');
  if (parsed.keys.length > mostKeys) throw bad(`it has more than ${mostKeys} keys`);
  const keys = parsed.keys.map((key: unknown, at) => {
    const read = parseKey(key);
    if (!read) throw bad(`key ${at + 1} needs an id, 32 bytes of secret in base64, and createdAt`);
    return read;
  });
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw bad('two keys have the same id');
  const use = keys.find(({ id }) => id === parsed.use);
  if (!use) throw bad('"use" names none of its keys');
  return { use, keys: keys };
}

function parseKey(key: unknown): RingKey | undefined {
  if (!isRecord(key)) return undefined;
  const { id, secret, createdAt } = key;
  if (typeof id !== 'string' || !idPattern.test(id) || typeof secret !== 'string' || typeof createdAt !== 'string') return undefined;
  const bytes = Buffer.from(secret, 'base64');
  return bytes.length === keyBytes && bytes.toString('base64') === secret ? { id, secret: bytes, createdAt } : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
