import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { labelSelector } from '../label-selector.ts';
import { atomic, listOf } from '../schema/field.ts';
import { ageColumn } from './age-column.ts';
import { matchResources } from './match-resources.ts';

const paramRef = atomic(
  z.object({
    name: z.string().optional().describe('The object; instead of a selector.'),
    namespace: z.string().optional().describe("Its namespace. Left out: the request's own."),
    selector: labelSelector().optional().describe('Every object with these labels; instead of a name.'),
    parameterNotFoundAction: z.enum(['Allow', 'Deny']).optional().describe('What happens when there is none.'),
  }),
);

export const ValidatingAdmissionPolicyBinding = defineResource({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  scope: 'Cluster',
  description: 'Puts a ValidatingAdmissionPolicy into force: where, with which parameters, and with what consequence.',
  categories: ['api-extensions'],
  columns: [
    { name: 'PolicyName', type: 'string', jsonPath: '.spec.policyName', description: 'The policy.' },
    { name: 'ParamRef', type: 'string', jsonPath: '.spec.paramRef', description: 'Its parameters.' },
    ageColumn,
  ],
  fields: {
    spec: z
      .object({
        policyName: z.string().describe('The policy.'),
        paramRef: paramRef.optional().describe('Its parameters.'),
        matchResources: matchResources().optional().describe('Which of the requests that the policy is about.'),
        validationActions: listOf(z.enum(['Deny', 'Warn', 'Audit']), { type: 'set' }).describe(
          'What happens to a request that breaks a rule.',
        ),
      })
      .describe('Which policy, where, and with what consequence.'),
  },
});

export type ValidatingAdmissionPolicyBinding = Resource<typeof ValidatingAdmissionPolicyBinding>;
