import { ApiError } from '@river/crds';

/** Where a paged list goes on: after which key, and at which revision (0: at whatever is current). */
export interface ContinueToken {
  after: string;
  revision: bigint;
}

export const encodeContinue = ({ after, revision }: ContinueToken): string =>
  Buffer.from(JSON.stringify({ v: 1, rv: revision.toString(), after })).toString('base64url');

export function decodeContinue(token: string): ContinueToken {
  try {
    const { v, rv, after }: { v?: unknown; rv?: unknown; after?: unknown } = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (v === 1 && typeof rv === 'string' && /^\d{1,19}$/.test(rv) && typeof after === 'string') return { after, revision: BigInt(rv) };
  } catch (error) {
    throw invalidToken(error);
  }
  throw invalidToken(undefined);
}

const invalidToken = (cause: unknown): ApiError =>
  new ApiError('BadRequest', 'continue key is not valid: take it unchanged from the last list, or list again without it', { cause });
