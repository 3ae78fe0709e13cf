import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { atomic, listOf, strategic } from '../schema/field.ts';
import { ageColumn } from './age-column.ts';
import { conditionList } from './condition-list.ts';
import { matchResources } from './match-resources.ts';

const validation = z.object({
  expression: z.string().describe('CEL that must be true: object, oldObject, request, params, namespaceObject, variables, authorizer.'),
  message: z.string().optional().describe('What is said when it is not.'),
  messageExpression: z.string().optional().describe('CEL that says it.'),
  reason: z.string().optional().describe('Reason of the answer: Unauthorized, Forbidden, Invalid or RequestEntityTooLarge.'),
});

const named = z.object({
  name: z.string().describe('Its name.'),
  expression: z.string().describe('CEL.'),
});

const auditAnnotation = z.object({
  key: z.string().describe('Key in the audit record.'),
  valueExpression: z.string().describe('CEL that gives the value.'),
});

const warning = z.object({
  fieldRef: z.string().describe('The expression.'),
  warning: z.string().describe('What is wrong with it.'),
});

const byName = { type: 'map', keys: ['name'] } as const;

export const ValidatingAdmissionPolicy = defineResource({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  scope: 'Cluster',
  description: 'Rules in CEL that requests must meet. Nothing happens until a binding names it.',
  categories: ['api-extensions'],
  columns: [
    { name: 'Validations', type: 'integer', jsonPath: '.spec.validations', description: 'How many rules it has.' },
    { name: 'ParamKind', type: 'string', jsonPath: '.spec.paramKind', description: 'Kind of its parameters.' },
    ageColumn,
  ],
  subresources: { status: {} },
  fields: {
    spec: z
      .object({
        paramKind: atomic(
          z.object({
            apiVersion: z.string().optional().describe('Group and version of the parameters.'),
            kind: z.string().optional().describe('Kind of the parameters.'),
          }),
        )
          .optional()
          .describe('What the rules take their parameters from.'),
        matchConstraints: matchResources().optional().describe('Which requests it is about.'),
        validations: listOf(validation).optional().describe('The rules.'),
        failurePolicy: z.enum(['Fail', 'Ignore']).default('Fail').describe('What a rule that cannot be evaluated means.'),
        auditAnnotations: listOf(auditAnnotation).optional().describe('What goes into the audit record.'),
        matchConditions: strategic(listOf(named, byName), 'name')
          .optional()
          .describe('CEL that must be true for the policy to count at all.'),
        variables: strategic(listOf(named, byName), 'name').optional().describe('Named values for the rules, in order.'),
      })
      .describe('The rules, and what they are about.'),
    status: z
      .object({
        observedGeneration: z.int().optional().describe('The metadata.generation that this answers to.'),
        typeChecking: z
          .object({ expressionWarnings: listOf(warning).optional().describe('What was found.') })
          .optional()
          .describe('What was found by checking the types of the expressions.'),
        conditions: conditionList().optional().describe('How the policy is.'),
      })
      .optional()
      .describe('How the policy is.'),
  },
});

export type ValidatingAdmissionPolicy = Resource<typeof ValidatingAdmissionPolicy>;
