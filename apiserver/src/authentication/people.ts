import { completed, type Person, readPerson } from '@river/runtime';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Feed } from '../cache/feed.ts';
import { decodeObject } from '../object/encode.ts';
import { resourcePrefix } from '../object/object-key.ts';
import type { Requester } from '../write/write-context.ts';

/** What the User records say of whoever was recognised. */
export interface People {
  /** The requester with the groups of their record; nothing when they are shut out. Those whom no role can lock out are not either. */
  complete(requester: Requester): Requester | undefined;
}

const usersPrefix = resourcePrefix('river.dev', 'users');

export function people(feed: Feed): People {
  const cache = feed.cacheOf(usersPrefix);
  const persons = new WeakMap<CachedObject, Person>();
  const personOf = (user: CachedObject): Person => {
    const person = persons.get(user) ?? readPerson(decodeObject(user.bytes));
    persons.set(user, person);
    return person;
  };
  return {
    complete(requester) {
      const user = cache.get(usersPrefix + requester.username);
      return completed(requester, user && personOf(user));
    },
  };
}
