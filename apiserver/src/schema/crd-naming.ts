import type { Condition, CrdNames, CrdStatus, CustomResourceDefinition } from '@river/crds';

/** A definition's names with those that follow from its kind filled in. */
const fullNames = (names: CrdNames): Required<Pick<CrdNames, 'singular' | 'listKind'>> & CrdNames => ({
  ...names,
  singular: names.singular || names.kind.toLowerCase(),
  listKind: names.listKind || `${names.kind}List`,
});

/** What the naming of a definition needs to know of the others. */
export interface NameHolder {
  metadata: { name: string };
  spec: { group: string };
  status?: { acceptedNames?: CrdNames };
}

interface Taken {
  resources: Set<string>;
  kinds: Set<string>;
}

const takenBy = (others: readonly NameHolder[]): Taken => {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of others) {
    const names = status?.acceptedNames;
    if (!names) continue;
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) if (name) resources.add(name);
    for (const kind of [names.kind, names.listKind]) if (kind) kinds.add(kind);
  }
  return { resources, kinds };
};

interface Naming {
  accepted: CrdNames;
  conflict: { reason: string; message: string } | undefined;
}

/** Each name is taken over where it is free; a name that is not keeps the one that was accepted before. */
const settleNames = (wanted: ReturnType<typeof fullNames>, held: CrdNames | undefined, taken: Taken): Naming => {
  const accepted: CrdNames = { plural: '', kind: '', ...held };
  let conflict: Naming['conflict'];
  const settle = (key: 'plural' | 'singular' | 'kind' | 'listKind', reason: string, used: ReadonlySet<string>): void => {
    const name = wanted[key];
    if (name === held?.[key] || !used.has(name)) accepted[key] = name;
    else conflict = { reason, message: `"${name}" is already in use` };
  };
  settle('plural', 'PluralConflict', taken.resources);
  settle('singular', 'SingularConflict', taken.resources);
  const shortNames = wanted.shortNames ?? [];
  const refused = shortNames
    .filter((name) => !held?.shortNames?.includes(name) && taken.resources.has(name))
    .map((name) => `"${name}" is already in use`);
  if (refused.length > 0)
    conflict = { reason: 'ShortNamesConflict', message: refused.length > 1 ? `[${refused.join(', ')}]` : (refused[0] ?? '') };
  else if (shortNames.length > 0) accepted.shortNames = shortNames;
  else delete accepted.shortNames;
  settle('kind', 'KindConflict', taken.kinds);
  settle('listKind', 'ListKindConflict', taken.kinds);
  if (wanted.categories) accepted.categories = wanted.categories;
  else delete accepted.categories;
  return { accepted, conflict };
};

const conditionOf = (crd: CustomResourceDefinition, type: string): Condition | undefined =>
  crd.status?.conditions?.find((condition) => condition.type === type);

/** A condition that says the same status as before keeps the time at which it began to. */
const since = (before: Condition | undefined, condition: Omit<Condition, 'lastTransitionTime'>, now: string): Condition => ({
  ...condition,
  lastTransitionTime: before?.status === condition.status ? before.lastTransitionTime : now,
});

const establishedOf = (crd: CustomResourceDefinition, areNamesAccepted: boolean, now: string): Condition => {
  const before = conditionOf(crd, 'Established');
  if (before?.status === 'True') return before;
  if (areNamesAccepted) {
    return since(
      before,
      { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' },
      now,
    );
  }
  return since(before, { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }, now);
};

/**
 * The status of a definition among the others of its server: which of its names nobody else in its group holds, and so whether it is
 * served. Established once is established for good. `others` may contain the definition itself and definitions of other groups.
 */
export const crdNaming = (crd: CustomResourceDefinition, others: readonly NameHolder[], now: string): Required<CrdStatus> => {
  const rivals = others.filter((other) => other.spec.group === crd.spec.group && other.metadata.name !== crd.metadata.name);
  const { accepted, conflict } = settleNames(fullNames(crd.spec.names), crd.status?.acceptedNames, takenBy(rivals));
  const verdict = conflict ?? { reason: 'NoConflicts', message: 'no conflicts found' };
  const namesAccepted = since(
    conditionOf(crd, 'NamesAccepted'),
    { type: 'NamesAccepted', status: conflict ? 'False' : 'True', ...verdict },
    now,
  );
  const ours = new Set(['NamesAccepted', 'Established']);
  const foreign = (crd.status?.conditions ?? []).filter(({ type }) => !ours.has(type));
  const storage = crd.spec.versions.find((version) => version.storage)?.name;
  const stored = crd.status?.storedVersions ?? [];
  return {
    conditions: [namesAccepted, establishedOf(crd, !conflict, now), ...foreign],
    acceptedNames: accepted,
    storedVersions: storage === undefined || stored.includes(storage) ? stored : [...stored, storage],
  };
};
