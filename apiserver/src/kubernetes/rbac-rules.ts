import { type Cause, isObject, type KubeObject, type LabelSelectorObject, pathSegment, requirementsOf, SelectorError } from '@river/crds';
import { mostPieces, pieceCount } from '../authorization/rules.ts';
import { equalJson } from '../json/plain-json.ts';
import { asJson } from '../object/encode.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

interface Rule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  nonResourceURLs?: string[];
}

interface Subject {
  kind: string;
  apiGroup?: string;
  namespace?: string;
}

const required = (field: string, message: string): Cause => ({
  reason: 'FieldValueRequired',
  message: `Required value: ${message}`,
  field,
});
const invalid = (field: string, message: string): Cause => ({ reason: 'FieldValueInvalid', message: `Invalid value: ${message}`, field });

const rulesOf = (object: KubeObject): Rule[] => (object as unknown as { rules?: Rule[] }).rules ?? [];
const subjectsOf = (object: KubeObject): Subject[] => (object as unknown as { subjects?: Subject[] }).subjects ?? [];

export const checkRole = (object: KubeObject): Cause[] => [
  ...tooManyPieces(object),
  ...rulesOf(object).flatMap((rule, at) => checkRule(rule, `rules[${at}]`, true)),
];
export const checkClusterRole = (object: KubeObject): Cause[] => [
  ...tooManyPieces(object),
  ...rulesOf(object).flatMap((rule, at) => checkRule(rule, `rules[${at}]`, false)),
  ...selectorsOf(object).flatMap((selector, at) => checkSelector(selector, `aggregationRule.clusterRoleSelectors[${at}]`)),
];

function tooManyPieces(object: KubeObject): Cause[] {
  const pieces = pieceCount(rulesOf(object));
  if (pieces <= mostPieces) return [];
  const message = `Too many: ${pieces}: verbs × apiGroups × resources × resourceNames must come to ${mostPieces} at most; split the role, or use *`;
  return [{ reason: 'FieldValueTooMany', message, field: 'rules' }];
}

const selectorsOf = (object: KubeObject): LabelSelectorObject[] =>
  (object as unknown as { aggregationRule?: { clusterRoleSelectors?: LabelSelectorObject[] } }).aggregationRule?.clusterRoleSelectors ?? [];

function checkSelector(selector: LabelSelectorObject, at: string): Cause[] {
  try {
    requirementsOf(selector);
    return [];
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    return [invalid(at, error.message)];
  }
}

function checkRule({ verbs, apiGroups = [], resources = [], nonResourceURLs = [] }: Rule, at: string, isNamespaced: boolean): Cause[] {
  const causes: Cause[] = [];
  if (verbs.length === 0) causes.push(required(`${at}.verbs`, 'verbs must contain at least one value'));
  if (nonResourceURLs.length > 0) {
    if (isNamespaced) causes.push(invalid(`${at}.nonResourceURLs`, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length > 0 || resources.length > 0)
      causes.push(invalid(`${at}.nonResourceURLs`, 'rules cannot apply to both regular resources and non-resource URLs'));
    return causes;
  }
  if (apiGroups.length === 0) causes.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0) causes.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
  return causes;
}

/** Users and groups are of the RBAC group, accounts of the core one. The schema has not judged the object yet. */
export function completeBinding(object: KubeObject): void {
  const { subjects } = object;
  for (const subject of Array.isArray(subjects) ? subjects.filter(isObject) : [])
    subject.apiGroup ??= subject.kind === 'ServiceAccount' ? '' : rbacGroup;
}

export function checkBinding(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const { apiGroup, name } = object.roleRef as { apiGroup: string; name: string };
  const causes = subjectsOf(object).flatMap((subject, at) => checkSubject(subject, `subjects[${at}]`));
  causes.push(...pathSegment(name).map((message) => invalid('roleRef.name', message)));
  if (apiGroup !== rbacGroup)
    causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: "${apiGroup}": supported values: "${rbacGroup}"`,
      field: 'roleRef.apiGroup',
    });
  if (
    old &&
    !equalJson(asJson({ value: old.roleRef } as unknown as KubeObject), asJson({ value: object.roleRef } as unknown as KubeObject))
  )
    causes.push(invalid('roleRef', 'cannot change roleRef'));
  return causes;
}

export function checkClusterBinding(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const { kind } = object.roleRef as { kind: string };
  const causes = checkBinding(object, old);
  if (kind === 'ClusterRole') return causes;
  return [
    ...causes,
    { reason: 'FieldValueNotSupported', message: `Unsupported value: "${kind}": supported values: "ClusterRole"`, field: 'roleRef.kind' },
  ];
}

function checkSubject({ kind, apiGroup, namespace }: Subject, at: string): Cause[] {
  const group = kind === 'ServiceAccount' ? '' : rbacGroup;
  if (!['User', 'Group', 'ServiceAccount'].includes(kind))
    return [
      {
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: "${kind}": supported values: "ServiceAccount", "User", "Group"`,
        field: `${at}.kind`,
      },
    ];
  if (apiGroup !== undefined && apiGroup !== group)
    return [
      {
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: "${apiGroup}": supported values: "${group}"`,
        field: `${at}.apiGroup`,
      },
    ];
  return kind === 'ServiceAccount' && !namespace ? [required(`${at}.namespace`, 'the namespace of the ServiceAccount')] : [];
}
