import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { known, type TokenReader } from './authenticate.ts';

interface TokenFile {
  tokens: { sha256: string; user: string; groups?: string[] }[];
}

/** Tokens are looked up by their hash, so neither the file nor the time that a look-up takes tells anything of a token. */
export function staticTokens({ tokens }: TokenFile): TokenReader {
  const requesters = new Map(
    tokens.map(({ sha256, user, groups = [] }) => [sha256.toLowerCase(), { ...known(user, groups), how: 'admin token' as const }]),
  );
  return (token) => requesters.get(createHash('sha256').update(token).digest('hex'));
}

export async function loadTokens(file: string): Promise<TokenFile> {
  const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (!isTokenFile(parsed)) throw new Error(`${file} is not a token file: it must be {"tokens": [{"sha256", "user", "groups"}]}`);
  return parsed;
}

const isTokenFile = (value: unknown): value is TokenFile =>
  typeof value === 'object' &&
  value !== null &&
  'tokens' in value &&
  Array.isArray(value.tokens) &&
  value.tokens.every((token: unknown) => typeof token === 'object' && token !== null && 'sha256' in token && 'user' in token);
