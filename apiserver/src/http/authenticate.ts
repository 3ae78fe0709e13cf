import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '@river/crds';
import type { Requester } from '../write/write-context.ts';

/** Says who a request is from. @throws ApiError Unauthorized */
export type Authenticate = (request: IncomingMessage) => Requester;

interface TokenFile {
  tokens: { sha256: string; user: string; groups?: string[] }[];
}

const unauthorized = (): ApiError => new ApiError('Unauthorized', 'Unauthorized');
const bearer = /^Bearer +(\S+)$/i;

/** Tokens are looked up by their hash, so neither the file nor the time that a look-up takes tells anything of a token. */
export function tokenAuthentication({ tokens }: TokenFile): Authenticate {
  const requesters = new Map(
    tokens.map(({ sha256, user, groups = [] }): [string, Requester] => [
      sha256.toLowerCase(),
      { username: user, uid: '', groups: [...groups, 'system:authenticated'], extra: {} },
    ]),
  );
  return ({ headers }) => {
    const token = bearer.exec(headers.authorization ?? '')?.[1];
    const requester = token && requesters.get(createHash('sha256').update(token).digest('hex'));
    if (!requester) throw unauthorized();
    return requester;
  };
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
