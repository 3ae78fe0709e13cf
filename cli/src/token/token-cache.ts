import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isObject, type Json } from '@river/crds';
import { writePrivateFile } from '@river/runtime';
import type { GivenToken } from './ask-token.ts';

/** A token that was given before. */
interface KeptToken extends GivenToken {
  sinceMs: number;
}

export interface TokenCache {
  /** The one that is there, while it can be used at all. */
  read(nowMs: number): KeptToken | undefined;
  write(given: GivenToken, nowMs: number): void;
}

/** After this part of its life a token is asked for anew. */
const freshShare = 0.8;

export const isFresh = ({ sinceMs, expirationTimestamp }: KeptToken, nowMs: number): boolean =>
  nowMs >= sinceMs && nowMs < sinceMs + (Date.parse(expirationTimestamp) - sinceMs) * freshShare;

/** The file, for its owner only, of the token that these words ask for. */
export const tokenCache = (env: NodeJS.ProcessEnv, words: readonly unknown[]): TokenCache => {
  const name = createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 32);
  const file = join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'riverctl', 'tokens', `${name}.json`);
  return {
    read(nowMs) {
      const kept = parse(readText(file));
      return kept && nowMs < Date.parse(kept.expirationTimestamp) ? kept : undefined;
    },
    write: ({ token, expirationTimestamp }, nowMs) =>
      writePrivateFile(file, JSON.stringify({ token, expirationTimestamp, sinceMs: nowMs } satisfies KeptToken)),
  };
};

const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
};

/** Whatever else stands there is as good as nothing: it is written anew. */
const parse = (text: string): KeptToken | undefined => {
  const kept = readJson(text);
  if (!isObject(kept)) return undefined;
  const { token, expirationTimestamp, sinceMs } = kept;
  if (typeof token !== 'string' || typeof expirationTimestamp !== 'string' || typeof sinceMs !== 'number') return undefined;
  return { token, expirationTimestamp, sinceMs };
};

const readJson = (text: string): Json | undefined => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
