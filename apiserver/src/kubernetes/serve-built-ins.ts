import { builtInDefinitions, tokenRequestDefinition } from '@river/crds/definitions';
import type { Feed } from '../cache/feed.ts';
import { resourcePrefix } from '../object/object-key.ts';
import { allVerbs, customKindRules, serveDefinition } from '../registry/serve-definition.ts';
import type { KindRules, ServedKind, ServedVersion, Target } from '../registry/served-kind.ts';
import { checkRequest, keepRequestSpec } from './certificate-request-rules.ts';
import { checkDefinition, completeDefinition } from './definition-rules.ts';
import { eventFromCore, eventToCore } from './event-conversion.ts';
import { completeNamespace, isNamespaceHeld, keptNamespaces } from './namespace-rules.ts';
import { checkPolicyObject } from './policy-rules.ts';
import { checkPriorityClass } from './priority-class-rules.ts';
import { checkBinding, checkClusterBinding, checkClusterRole, checkRole, completeBinding } from './rbac-rules.ts';
import { checkConfigMap, checkSecret, completeSecret } from './secret-rules.ts';

const usual: KindRules = {
  ...customKindRules,
  allowsBlindUpdate: true,
  mayOmitKind: true,
  acceptsStrategicPatch: true,
  dropsNulls: true,
  hasGeneration: false,
};

const question: Partial<KindRules> = { verbs: ['create'] };

/** What each of Kubernetes' own kinds does beyond its schema, by plural. */
const rulesOf: Readonly<Record<string, Partial<KindRules>>> = {
  namespaces: {
    // As in Kubernetes: all of them at once is never what was meant.
    verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),
    nameRule: 'label',
    hasFinalize: true,
    keeps: keptNamespaces,
    complete: completeNamespace,
    isHeld: isNamespaceHeld,
  },
  secrets: { secretFields: ['data', 'stringData'], complete: completeSecret, check: checkSecret },
  configmaps: { check: checkConfigMap },
  events: { createsOnUpdate: true },
  leases: { createsOnUpdate: true, allowsBlindUpdate: false },
  customresourcedefinitions: { allowsBlindUpdate: false, hasGeneration: true, complete: completeDefinition, check: checkDefinition },
  validatingadmissionpolicies: { hasGeneration: true, check: checkPolicyObject },
  validatingadmissionpolicybindings: { hasGeneration: true },
  roles: { nameRule: 'path-segment', check: checkRole },
  clusterroles: { nameRule: 'path-segment', check: checkClusterRole },
  rolebindings: { nameRule: 'path-segment', complete: completeBinding, check: checkBinding },
  clusterrolebindings: { nameRule: 'path-segment', complete: completeBinding, check: checkClusterBinding },
  certificatesigningrequests: { hasApproval: true, complete: keepRequestSpec, check: checkRequest },
  selfsubjectaccessreviews: question,
  subjectaccessreviews: question,
  localsubjectaccessreviews: question,
  selfsubjectrulesreviews: question,
  selfsubjectreviews: question,
  tokenreviews: question,
  serviceaccounts: { hasToken: true },
  priorityclasses: { hasGeneration: true, check: checkPriorityClass },
};

/** Kubernetes' own kinds, from the same definitions as any other kind. Both groups of events show the objects of the core one. */
export function serveBuiltIns(feed: Feed): ServedKind[] {
  return builtInDefinitions.map((definition) => {
    const { group, names } = definition.spec;
    const isEventView = group === 'events.k8s.io';
    const prefix = resourcePrefix(isEventView ? '' : group, names.plural);
    const served = serveDefinition(definition, feed.cacheOf(prefix), { ...usual, ...rulesOf[names.plural] });
    return isEventView ? eventView(served, prefix) : served;
  });
}

/** The form of what is written to an account's `token`: it has no address of its own. */
export function serveTokenRequest(feed: Feed): Target {
  const { group, names } = tokenRequestDefinition.spec;
  const kind = serveDefinition(tokenRequestDefinition, feed.cacheOf(resourcePrefix(group, names.plural)), { ...usual, ...question });
  return { kind, version: kind.storage };
}

function eventView(served: ServedKind, prefix: string): ServedKind {
  const view = (version: ServedVersion): ServedVersion => ({
    ...version,
    isStorage: false,
    fromStorage: eventFromCore,
    toStorage: eventToCore,
  });
  const versions = new Map([...served.versions].map(([name, version]) => [name, view(version)]));
  return { ...served, prefix, versions, storage: view(served.storage) };
}
