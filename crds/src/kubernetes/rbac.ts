import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { labelSelector } from '../label-selector.ts';
import { atomic, listOf } from '../schema/field.ts';
import { ageColumn } from './age-column.ts';

const group = 'rbac.authorization.k8s.io';

const texts = (what: string) => listOf(z.string(), { max: 1024 }).optional().describe(what);

const rule = z.object({
  verbs: listOf(z.string(), { max: 64 }).describe('What may be done: `get`, `list`, `watch`, `create`, …; `*` is everything.'),
  apiGroups: texts('Groups of the resources; the core group is the empty text, `*` is all.'),
  resources: texts('Resources by their plural, and parts of them: `tasks`, `tasks/status`, `*/scale`, `*`.'),
  resourceNames: texts('Only objects of these names. Left out: of any name.'),
  nonResourceURLs: texts('Paths that are no resources: `/metrics`, `/healthz*`.'),
});

const rules = () => listOf(rule, { max: 1024 }).optional().describe('What the role allows; it can only allow.');

const aggregationRule = z.object({
  clusterRoleSelectors: listOf(labelSelector(), { max: 64 }).optional().describe('ClusterRoles with such labels are taken together.'),
});

const subject = z.object({
  kind: z.string().max(63).describe('`User`, `Group` or `ServiceAccount`.'),
  apiGroup: z.string().max(253).optional().describe('`rbac.authorization.k8s.io` for users and groups, empty for accounts; filled in.'),
  name: z.string().max(1024).describe('Its name.'),
  namespace: z.string().max(63).optional().describe('Namespace of a ServiceAccount.'),
});

const roleRef = atomic(
  z.object({
    apiGroup: z.string().max(253).default(group).describe('`rbac.authorization.k8s.io`.'),
    kind: z.enum(['Role', 'ClusterRole']).describe('`Role`, of the same namespace, or `ClusterRole`.'),
    name: z.string().min(1).max(1024).describe('Name of the role.'),
  }),
);

const bindingFields = {
  subjects: listOf(subject, { max: 10_000 }).optional().describe('Who gets it.'),
  roleRef: roleRef.describe('The role. It cannot be changed: delete the binding and make another.'),
};

const roleColumn = { name: 'Role', type: 'string', jsonPath: '.roleRef.name', description: 'The role that it gives.' } as const;

export const Role = defineResource({
  group,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  scope: 'Namespaced',
  description: 'A set of rights within one namespace. A binding gives it to somebody.',
  columns: [ageColumn],
  fields: { rules: rules() },
});

export const ClusterRole = defineResource({
  group,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  description: 'A set of rights. A ClusterRoleBinding gives it everywhere, a RoleBinding within its namespace.',
  columns: [ageColumn],
  fields: {
    rules: rules(),
    aggregationRule: aggregationRule.optional().describe('Its rules are those of other ClusterRoles, kept by the server.'),
  },
});

export const RoleBinding = defineResource({
  group,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  scope: 'Namespaced',
  description: 'Gives the rights of a role within one namespace.',
  columns: [roleColumn, ageColumn],
  fields: bindingFields,
});

export const ClusterRoleBinding = defineResource({
  group,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  scope: 'Cluster',
  description: 'Gives the rights of a ClusterRole in every namespace and outside of them.',
  columns: [roleColumn, ageColumn],
  fields: bindingFields,
});

export type Role = Resource<typeof Role>;
export type ClusterRole = Resource<typeof ClusterRole>;
export type RoleBinding = Resource<typeof RoleBinding>;
export type ClusterRoleBinding = Resource<typeof ClusterRoleBinding>;
