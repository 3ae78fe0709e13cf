import { isObject, type Json, type JsonObject, type LabelSelectorObject, labelMatcher, requirementsOf, SelectorError } from '@river/crds';
import type { AdmissionRequest } from './admission-request.ts';
import type { MatchResources, ResourceRule } from './policy.ts';

type LabelsJson = Readonly<Record<string, Json>>;

/** What defaults leave behind is `{}`: then nothing of the request needs to be looked at. */
const selectsAll = (selector: LabelSelectorObject | undefined): boolean =>
  !selector || (!selector.matchLabels && !selector.matchExpressions);

/** An empty or absent selector selects everything; one that cannot be read does too, so that a policy is never skipped by mistake. */
export const selects = (selector: LabelSelectorObject | undefined, labels: LabelsJson): boolean => {
  if (selectsAll(selector)) return true;
  const texts = Object.fromEntries(Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  try {
    return labelMatcher(requirementsOf(selector ?? {}))(texts);
  } catch (error) {
    if (error instanceof SelectorError) return true;
    throw error;
  }
};

const includes = (list: readonly string[] | undefined, value: string): boolean =>
  list?.some((item) => item === '*' || item === value) ?? false;

/** Either side of the slash may be a star; without a slash only the resource itself is meant, not its subresources. */
const namesResource = (pattern: string, resource: string, subresource: string): boolean => {
  const [wantedResource, wantedSub = ''] = pattern.split('/');
  return (wantedResource === '*' || wantedResource === resource) && (wantedSub === '*' || wantedSub === subresource);
};

type Target = Pick<AdmissionRequest, 'operation' | 'resource' | 'namespace' | 'kind'>;

/** The part that depends only on what kind of thing is written, and how. Equivalent: any version of the resource is meant. */
const ruleCovers = (rule: ResourceRule, { operation, resource, namespace, kind }: Target, isExact: boolean): boolean => {
  const { scope = '*' } = rule;
  const isNamespaced = namespace !== undefined && !(kind.group === '' && kind.kind === 'Namespace');
  return (
    includes(rule.operations, operation) &&
    includes(rule.apiGroups, resource.group) &&
    (!isExact || includes(rule.apiVersions, resource.version)) &&
    (rule.resources ?? []).some((pattern) => namesResource(pattern, resource.resource, resource.subresource ?? '')) &&
    (scope === '*' || (scope === 'Namespaced') === isNamespaced)
  );
};

const isNamed = (rule: ResourceRule, name: string): boolean =>
  (rule.resourceNames?.length ?? 0) === 0 || (rule.resourceNames?.includes(name) ?? false);

const rulesCover = (rules: readonly ResourceRule[], target: Target, isExact: boolean, name?: string): boolean =>
  rules.some((rule) => ruleCovers(rule, target, isExact) && (name === undefined || isNamed(rule, name)));

/** Whether any request for this resource and operation may match: what an index over policies asks. */
export const mayMatch = (match: MatchResources, target: Target): boolean => {
  const rules = match.resourceRules ?? [];
  return rules.length === 0 || rulesCover(rules, target, match.matchPolicy === 'Exact');
};

/** Whether what {@link mayMatch} says of a kind of request is all there is to say: no names, no labels, no exceptions. */
export const isDecidedByKind = ({
  resourceRules = [],
  excludeResourceRules = [],
  namespaceSelector,
  objectSelector,
}: MatchResources): boolean =>
  excludeResourceRules.length === 0 &&
  resourceRules.every(({ resourceNames = [] }) => resourceNames.length === 0) &&
  selectsAll(namespaceSelector) &&
  selectsAll(objectSelector);

export const matchesRequest = (match: MatchResources | undefined, request: AdmissionRequest): boolean => {
  if (!match) return true;
  const isExact = match.matchPolicy === 'Exact';
  const rules = match.resourceRules ?? [];
  if (rules.length > 0 && !rulesCover(rules, request, isExact, request.name)) return false;
  if (rulesCover(match.excludeResourceRules ?? [], request, isExact, request.name)) return false;
  return matchesNamespace(match.namespaceSelector, request) && matchesObject(match.objectSelector, request);
};

const labelsOf = (object: JsonObject | null | undefined): LabelsJson => {
  const metadata = object?.metadata;
  return isObject(metadata) && isObject(metadata.labels) ? metadata.labels : {};
};

/** A namespace is selected by its own labels; what has no namespace is always selected. */
const matchesNamespace = (selector: LabelSelectorObject | undefined, request: AdmissionRequest): boolean => {
  if (selectsAll(selector)) return true;
  if (request.kind.group === '' && request.kind.kind === 'Namespace') {
    return selects(selector, labelsOf(request.object ?? request.oldObject));
  }
  return request.namespace === undefined || selects(selector, labelsOf(request.namespaceObject));
};

const matchesObject = (selector: LabelSelectorObject | undefined, { object, oldObject }: AdmissionRequest): boolean =>
  selectsAll(selector) || [object, oldObject].some((candidate) => candidate !== null && selects(selector, labelsOf(candidate)));
