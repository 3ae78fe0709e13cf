import { ApiError } from '@river/crds';
import type { OutputQuery } from '@river/runtime';

/** What is asked for in the address of a log. */
export interface AskedOutput {
  attempt?: number;
  query: OutputQuery;
}

const known = new Set(['attempt', 'follow', 'tail', 'sinceNs', 'stream']);
const mostLines = 1_000_000_000;
/** As far as 64 bits reach. */
const lastMomentNs = 2n ** 63n - 1n;

/** @throws ApiError BadRequest */
export function parseOutputQuery(parameters: URLSearchParams): AskedOutput {
  for (const name of parameters.keys()) if (!known.has(name)) throw wrong(`there is no parameter "${name}": ${[...known].join(', ')}`);
  const attempt = numberIn(parameters, 'attempt', 1);
  const tail = numberIn(parameters, 'tail', 0);
  const since = parameters.get('sinceNs');
  if (since !== null && !(/^[0-9]{1,19}$/.test(since) && BigInt(since) <= lastMomentNs))
    throw wrong('sinceNs must be nanoseconds since 1970');
  const follow = parameters.get('follow');
  if (follow !== null && follow !== 'true' && follow !== 'false') throw wrong('follow must be true or false');
  const streams = parameters.getAll('stream');
  const asked = streams.filter((stream) => stream === 'stdout' || stream === 'stderr');
  if (asked.length < streams.length) throw wrong('stream must be stdout or stderr');
  return {
    ...(attempt !== undefined && { attempt }),
    query: {
      ...(asked.length > 0 && { streams: [...new Set(asked)] }),
      ...(tail !== undefined && { tail }),
      ...(since !== null && { sinceNs: BigInt(since) }),
      ...(follow === 'true' && { follow: true }),
    },
  };
}

function numberIn(parameters: URLSearchParams, name: string, least: number): number | undefined {
  const text = parameters.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (!/^[0-9]{1,10}$/.test(text) || value < least || value > mostLines) throw wrong(`${name} must be a whole number from ${least}`);
  return value;
}

const wrong = (message: string): ApiError => new ApiError('BadRequest', message);
