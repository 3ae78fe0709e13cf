import { isObject, type KubeObject } from '@river/crds';

/** What a User record says of whoever was recognised under its name. */
export interface Person {
  isDisabled: boolean;
  groups: readonly string[];
}

/** A record that is not understood shuts out. */
export function readPerson({ spec }: KubeObject): Person {
  if (!isObject(spec)) return { isDisabled: true, groups: [] };
  const { disabled, groups } = spec;
  const given = Array.isArray(groups) ? groups.filter((group) => typeof group === 'string' && !group.startsWith('system:')) : [];
  return { isDisabled: disabled !== false && disabled !== undefined, groups: given as string[] }; // filtered: all are texts
}

/** Whom no role can lock out, and no record either. */
export const mastersGroup = 'system:masters';

/** Somebody with the groups of their record; nothing when they are shut out. */
export function completed<T extends { groups: readonly string[] }>(who: T, person: Person | undefined): T | undefined {
  if (!person || who.groups.includes(mastersGroup)) return who;
  if (person.isDisabled) return undefined;
  return person.groups.length === 0 ? who : { ...who, groups: [...new Set([...who.groups, ...person.groups])] };
}
