import { z } from 'zod';
import { type Draft, defineResource, type Resource } from './define-resource.ts';
import { immutable } from './schema/field.ts';
import { objectName } from './workload.ts';

const approvalSpec = immutable(
  z.object({
    taskName: objectName().describe('The Task, in the same namespace.'),
    taskUid: z.string().min(1).max(128).describe('Its metadata.uid: a Task of the same name made later is another.'),
    specDigest: z.string().min(1).max(128).describe('Its status.specDigest: what was read is what is agreed to.'),
    decision: z.enum(['Approved', 'Denied']).describe('Yes or no.'),
    approver: z.string().min(1).max(256).describe('Who says so; a policy holds it to the name that the request was made under.'),
    reason: z.string().max(4096).optional().describe('Why, for the owner of the Task.'),
  }),
  'an answer cannot be changed: delete it and give another',
);

export const Approval = defineResource({
  group: 'river.dev',
  version: 'v1',
  kind: 'Approval',
  plural: 'approvals',
  scope: 'Namespaced',
  description: "One person's yes or no to one Task, bound to its uid and to the digest of what it runs.",
  categories: ['river'],
  columns: [
    { name: 'Task', type: 'string', jsonPath: '.spec.taskName', description: 'What it is about.' },
    { name: 'Decision', type: 'string', jsonPath: '.spec.decision', description: 'Yes or no.' },
    { name: 'By', type: 'string', jsonPath: '.spec.approver', description: 'Who says so.' },
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason', priority: 1, description: 'Why.' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since it was given.' },
  ],
  selectableFields: ['.spec.taskName', '.spec.taskUid'],
  fields: { spec: approvalSpec.describe('The answer.') },
});

export type Approval = Resource<typeof Approval>;
export type ApprovalDraft = Draft<typeof Approval>;
