import { ApiError, type KubeObject } from '@river/crds';
import type { Admission, AdmissionRequest } from '../admission/admission.ts';
import { equalJson } from '../json/plain-json.ts';
import { asJson } from '../object/encode.ts';
import type { ResourceAttributes } from './attributes.ts';
import { type Rights, type RoleRef, rbacGroup } from './rights.ts';
import { everything, type PolicyRule, uncovered } from './rules.ts';

/** Nobody hands on rights that he does not have, neither in a role nor in a binding, unless he may `escalate` or `bind`. */
export function guardRights(rights: Rights): Admission {
  const judges: Readonly<Record<string, (request: Guarded) => void>> = {
    roles: (request) => checkRole(rights, request),
    clusterroles: (request) => checkRole(rights, request),
    rolebindings: (request) => checkBinding(rights, request),
    clusterrolebindings: (request) => checkBinding(rights, request),
  };
  return {
    admit(request) {
      const { object, target } = request;
      if (!object || target.kind.group !== rbacGroup) return;
      judges[target.kind.plural]?.({ ...request, object });
    },
  };
}

type Guarded = AdmissionRequest & { object: KubeObject };

function checkRole(rights: Rights, { object, oldObject, target, namespace, options: { requester } }: Guarded): void {
  const { rules = [], aggregationRule } = object as { rules?: PolicyRule[]; aggregationRule?: unknown };
  if (oldObject && isSame(object, oldObject, 'rules') && isSame(object, oldObject, 'aggregationRule')) return;
  if (rights.allows(requester, rbacAttributes('escalate', target.kind.plural, namespace, object.metadata.name))) return;
  // Whoever makes a role of others' rules decides what is in it.
  requireCovered(rights, aggregationRule === undefined ? rules : everything, namespace, requester);
}

function checkBinding(rights: Rights, { object, oldObject, namespace, options: { requester } }: Guarded): void {
  if (oldObject && isSame(object, oldObject, 'subjects') && isSame(object, oldObject, 'roleRef')) return;
  const { roleRef } = object as unknown as { roleRef: RoleRef };
  const plural = roleRef.kind === 'Role' ? 'roles' : 'clusterroles';
  if (rights.allows(requester, rbacAttributes('bind', plural, namespace, roleRef.name))) return;
  const rules = rights.roleRules(roleRef, namespace);
  if (!rules)
    throw new ApiError('NotFound', `${plural}.${rbacGroup} "${roleRef.name}" not found`, { details: { name: roleRef.name, kind: plural } });
  requireCovered(rights, rules, namespace, requester);
}

function requireCovered(
  rights: Rights,
  rules: readonly PolicyRule[],
  namespace: string,
  requester: AdmissionRequest['options']['requester'],
): void {
  const missing = uncovered(rules, (wanted) => rights.allows(requester, 'path' in wanted ? wanted : { ...wanted, namespace }));
  if (missing.length === 0) return;
  const who = `user "${requester.username}" (groups=${JSON.stringify(requester.groups)})`;
  const shown = missing.slice(0, mostShown).map((rule) => JSON.stringify(rule));
  const more = missing.length > mostShown ? `\n… and ${missing.length - mostShown} more` : '';
  throw new ApiError('Forbidden', `${who} is attempting to grant RBAC permissions not currently held:\n${shown.join('\n')}${more}`);
}

const mostShown = 20;

const rbacAttributes = (verb: string, resource: string, namespace: string, name: string): ResourceAttributes => ({
  verb,
  group: rbacGroup,
  resource,
  subresource: '',
  namespace,
  name,
});

const isSame = (a: KubeObject, b: KubeObject, field: string): boolean =>
  equalJson(asJson({ value: a[field] ?? null } as unknown as KubeObject), asJson({ value: b[field] ?? null } as unknown as KubeObject));
