import { isObject } from '@river/crds';
import { masters } from '../authorization/rights.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Feed } from '../cache/feed.ts';
import { decodeObject } from '../object/encode.ts';
import { resourcePrefix } from '../object/object-key.ts';
import type { Requester } from '../write/write-context.ts';

interface Entry {
  isDisabled: boolean;
  groups: readonly string[];
}

/** What the User records say of whoever was recognised. */
export interface People {
  /** The requester with the groups of their record; nothing when they are shut out. Those whom no role can lock out are not either. */
  complete(requester: Requester): Requester | undefined;
}

const usersPrefix = resourcePrefix('river.dev', 'users');

export function people(feed: Feed): People {
  const cache = feed.cacheOf(usersPrefix);
  const entries = new WeakMap<CachedObject, Entry>();
  const entryOf = (user: CachedObject): Entry => {
    const entry = entries.get(user) ?? readEntry(user);
    entries.set(user, entry);
    return entry;
  };
  return {
    complete(requester) {
      const user = cache.get(usersPrefix + requester.username);
      if (!user || requester.groups.includes(masters)) return requester;
      const { isDisabled, groups } = entryOf(user);
      if (isDisabled) return undefined;
      return groups.length === 0 ? requester : { ...requester, groups: [...new Set([...requester.groups, ...groups])] };
    },
  };
}

/** A record that is not understood shuts out. */
function readEntry({ bytes }: CachedObject): Entry {
  const { spec } = decodeObject(bytes);
  if (!isObject(spec)) return { isDisabled: true, groups: [] };
  const { disabled, groups } = spec;
  const given = Array.isArray(groups) ? groups.filter((group) => typeof group === 'string' && !group.startsWith('system:')) : [];
  return { isDisabled: disabled !== false && disabled !== undefined, groups: given as string[] }; // filtered: all are texts
}
