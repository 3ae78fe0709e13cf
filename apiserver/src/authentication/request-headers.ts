import type { IncomingMessage } from 'node:http';
import { ApiError } from '@river/crds';
import { type Authority, shownCertificates } from '@river/runtime';
import { type Authenticator, known } from './authenticate.ts';

const extraHeader = 'x-remote-extra-';

export interface FrontDoor {
  authority: Authority;
  /** Common names of the front doors' certificates. */
  names: readonly string[];
  nowMs: () => number;
}

/**
 * Whom a front door says that a request is from, in its X-Remote-* headers. It is believed when it shows a certificate of the front doors' own
 * authority with one of their names; from anybody else these headers say nothing.
 */
export function requestHeaderAuthenticator({ authority, names, nowMs }: FrontDoor): Authenticator {
  const frontOf = shownCertificates(authority, nowMs, (subject) => {
    const [name = ''] = [subject?.CN ?? ''].flat();
    return names.includes(name) ? { name } : undefined;
  });
  return ({ socket, headersDistinct: headers }) => {
    const front = frontOf(socket);
    if (!front) return undefined;
    const [username, ...others] = texts(headers['x-remote-user']);
    if (!username || username === 'system:anonymous') return undefined;
    if (others.length > 0) throw new ApiError('BadRequest', 'X-Remote-User is there more than once: the front door must set it anew');
    const [uid = ''] = texts(headers['x-remote-uid']);
    return { ...known(username, texts(headers['x-remote-group'])), uid, extra: extraOf(headers), via: front.name, how: 'front door' };
  };
}

/** Headers come as if their bytes were Latin letters; they are UTF-8. */
const texts = (values: readonly string[] = []): string[] => values.map((value) => Buffer.from(value, 'latin1').toString('utf8'));

/** The keys are percent-encoded, since header names know no case and few characters. */
function extraOf(headers: IncomingMessage['headersDistinct']): Record<string, string[]> {
  const found: Record<string, string[]> = Object.create(null);
  for (const [header, values] of Object.entries(headers)) {
    if (!header.startsWith(extraHeader)) continue;
    try {
      found[decodeURIComponent(header.slice(extraHeader.length))] = texts(values);
    } catch (error) {
      throw new ApiError('BadRequest', `the header ${header} is not valid percent-encoding`, { cause: error });
    }
  }
  return found;
}
