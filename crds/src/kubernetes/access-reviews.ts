import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { listOf, mapOf } from '../schema/field.ts';

/** Questions: they are answered, not kept. */
const question = { group: 'authorization.k8s.io', version: 'v1', scope: 'Cluster', columns: [] } as const;

const text = (what: string) => z.string().max(1024).optional().describe(what);

const resourceAttributes = z.object({
  namespace: text('Namespace; empty is all of them, or none for kinds outside of namespaces.'),
  verb: text('`get`, `list`, `watch`, `create`, …'),
  group: text('Group of the resource.'),
  version: text('Version; rights do not depend on it.'),
  resource: text('The plural.'),
  subresource: text('Part of it: `status`, `scale`.'),
  name: text('Name of the object; empty is any.'),
});

const nonResourceAttributes = z.object({ path: text('The path.'), verb: text('The method, in small letters.') });

const asked = {
  resourceAttributes: resourceAttributes.optional().describe('Something to be done with a resource.'),
  nonResourceAttributes: nonResourceAttributes.optional().describe('Something to be done with a path.'),
};

const subjectSpec = z.object({
  ...asked,
  user: text('Who; with groups, or instead of them.'),
  groups: listOf(z.string().max(1024), { max: 1024 }).optional().describe('The groups.'),
  uid: text('Uid of the user.'),
  extra: mapOf(listOf(z.string().max(1024), { max: 64 }), { max: 64 })
    .optional()
    .describe('What else the authenticator said.'),
});

const verdict = z.object({
  allowed: z.boolean().describe('Whether it is allowed.'),
  denied: z.boolean().optional().describe('Whether something forbids it; here rights only allow.'),
  reason: z.string().optional().describe('Why.'),
  evaluationError: z.string().optional().describe('What could not be looked at.'),
});

const reviewFields = {
  spec: z.object(asked).describe('The question.'),
  status: verdict.optional().describe('The answer.'),
};

export const SelfSubjectAccessReview = defineResource({
  ...question,
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  description: 'Asks whether oneself may do something.',
  fields: reviewFields,
});

export const SubjectAccessReview = defineResource({
  ...question,
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  description: 'Asks whether somebody may do something.',
  fields: { ...reviewFields, spec: subjectSpec.describe('The question.') },
});

export const LocalSubjectAccessReview = defineResource({
  ...question,
  scope: 'Namespaced',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  description: 'Asks whether somebody may do something in this namespace.',
  fields: { ...reviewFields, spec: subjectSpec.describe('The question.') },
});

const texts = (what: string) => listOf(z.string()).optional().describe(what);
const resourceRule = z.object({
  verbs: texts('What may be done.'),
  apiGroups: texts('Groups.'),
  resources: texts('Resources.'),
  resourceNames: texts('Only these; empty is any.'),
});
const pathRule = z.object({ verbs: texts('What may be done.'), nonResourceURLs: texts('Paths.') });

const ruleList = z.object({
  resourceRules: listOf(resourceRule).describe('Rights on resources.'),
  nonResourceRules: listOf(pathRule).describe('Rights on paths.'),
  incomplete: z.boolean().describe('Whether there may be more.'),
  evaluationError: z.string().optional().describe('What could not be looked at.'),
});

export const SelfSubjectRulesReview = defineResource({
  ...question,
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  description: 'Asks for all that oneself may do in a namespace.',
  fields: {
    spec: z.object({ namespace: text('The namespace.') }).describe('The question.'),
    status: ruleList.optional().describe('The answer.'),
  },
});

const userInfo = z.object({
  username: text('Name.'),
  uid: text('Uid.'),
  groups: texts('Groups.'),
  extra: mapOf(listOf(z.string()), { max: 64 }).optional().describe('What else the authenticator said.'),
});

export const SelfSubjectReview = defineResource({
  ...question,
  group: 'authentication.k8s.io',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  description: 'Asks who one is.',
  fields: {
    status: z
      .object({ userInfo: userInfo.optional().describe('The user.') })
      .optional()
      .describe('The answer.'),
  },
});

export type SelfSubjectAccessReview = Resource<typeof SelfSubjectAccessReview>;
