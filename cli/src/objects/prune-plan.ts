import type { KubeObject } from '@river/crds';
import type { DiscoveredResource } from '@river/runtime';

/** The name under which riverctl owns the fields that it applies. */
export const fieldManager = 'riverctl';

const isOurs = ({ metadata }: KubeObject): boolean =>
  metadata.managedFields?.some(({ manager, operation }) => manager === fieldManager && operation === 'Apply') ?? false;

const isOwned = ({ metadata }: KubeObject): boolean => metadata.ownerReferences?.some(({ controller }) => controller === true) ?? false;

/** Kinds of which a set may hold objects: each once, in its preferred version, and only what can be listed and deleted. */
export const prunableKinds = (resources: readonly DiscoveredResource[]): DiscoveredResource[] =>
  resources.filter(
    (resource) =>
      resource.verbs.includes('list') &&
      resource.verbs.includes('delete') &&
      resource.plural !== 'events' &&
      resources.find(({ group, plural }) => group === resource.group && plural === resource.plural) === resource,
  );

/** Of what carries the set's label: what riverctl once applied, is not part of this apply, and belongs to no other object. */
export const prunePlan = (labelled: readonly KubeObject[], appliedUids: ReadonlySet<string>): KubeObject[] =>
  labelled.filter((object) => {
    const { uid, deletionTimestamp } = object.metadata;
    return uid !== undefined && !appliedUids.has(uid) && deletionTimestamp === undefined && isOurs(object) && !isOwned(object);
  });
