/** Where an object is kept: `group/plural/namespace/name`, or `group/plural/name` when its kind is not namespaced. */
export interface ObjectKey {
  group: string;
  plural: string;
  namespace: string;
  name: string;
}

const coreGroup = 'core';

/** The prefix under which every object of one resource stands. */
export const resourcePrefix = (group: string, plural: string): string => `${group === '' ? coreGroup : group}/${plural}/`;

export const objectKey = (prefix: string, namespace: string, name: string): string =>
  namespace === '' ? prefix + name : `${prefix}${namespace}/${name}`;

/** Whose key this is, under the prefix of its resource. */
export function nameUnder(prefix: string, key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/', prefix.length);
  if (slash < 0) return { namespace: '', name: key.slice(prefix.length) };
  return { namespace: key.slice(prefix.length, slash), name: key.slice(slash + 1) };
}

export function parseKey(key: string): ObjectKey | null {
  const parts = key.split('/');
  const [group, plural, third, fourth] = parts;
  if (group === undefined || plural === undefined || third === undefined || parts.length > 4) return null;
  const named = fourth === undefined ? { namespace: '', name: third } : { namespace: third, name: fourth };
  return { group: group === coreGroup ? '' : group, plural, ...named };
}
