import { z } from 'zod';
import { type Draft, defineResource, type Resource } from './define-resource.ts';
import { observed } from './observed.ts';
import { phases } from './phase.ts';
import { cel, dateTime, duration, listOf } from './schema/field.ts';
import { executable, executableRules, objectName, outcome, scheduling, unchanged, waiting } from './workload.ts';

const retry = z.object({
  limit: z.int().min(0).max(1000).default(0).describe('How many more attempts after the first.'),
  // Not `on`: kubectl reads YAML 1.1, in which that key is a boolean.
  when: listOf(z.enum(['Failed', 'OOM', 'Timeout', 'Lost', 'Rejected']), { type: 'set', max: 5 })
    .default(['Failed'])
    .describe('After what. Lost implies onDisconnect: Fence. Rejected by the node is always tried again and never counted unless listed.'),
  backoff: z
    .object({
      initial: duration().default('10s').describe('The wait before the first retry; each next one waits twice as long.'),
      max: duration().default('5m').describe('The longest wait.'),
    })
    .prefault({})
    .describe('How long to wait between attempts.'),
});

const dependency = z.object({
  name: objectName().describe('A Task of the same namespace.'),
  condition: z
    .enum(['Started', 'Succeeded', 'Failed', 'Finished'])
    .default('Succeeded')
    .describe('What it must have reached. When it no longer can, this Task fails.'),
});

const approval = z.object({
  required: z.boolean().default(false).describe('Wait in PendingApproval until someone says yes with an Approval.'),
  approvals: z.int().min(1).max(16).default(1).describe('How many different people must say yes. One no is enough to reject.'),
  expireAfter: duration().optional().describe('Reject it when nobody has answered for so long.'),
});

/** What a person asks for with a Task; a TaskSet has it as its template. */
export const taskSpec = cel(
  z.object({
    ...executable(),
    ...scheduling(),
    retry: retry.prefault({}).describe('What happens after an attempt that did not succeed.'),
    dependsOn: listOf(dependency, { type: 'map', keys: ['name'], max: 256 })
      .optional()
      .describe('Tasks that come first.'),
    approval: approval.prefault({}).describe('Whether somebody must agree first.'),
    suspend: z.boolean().default(false).describe('Hold it: what has not started waits, what runs is paused.'),
    cancel: z.boolean().default(false).describe('End it. Cannot be taken back.'),
    ttlAfterFinished: duration().optional().describe('Delete it so long after its end. Left out: kept.'),
  }),
  [
    ...executableRules,
    unchanged('approval'),
    unchanged('targets'),
    { rule: '!oldSelf.cancel || self.cancel', message: 'a cancelled Task stays cancelled' },
  ],
);

const attempt = z.object({
  attempt: z.int().min(1).describe('Number of the attempt, from 1.'),
  phase: z.enum(phases).describe('How it ended.'),
  node: z.string().max(253).optional().describe('Where it ran.'),
  ...outcome(),
});

const taskStatus = z.object({
  ...observed(),
  phase: z.enum(phases).optional().describe('Where it stands, in one word; told from the conditions.'),
  ...outcome(),
  node: z.string().max(253).optional().describe('The node of the newest attempt.'),
  placement: z.string().max(253).optional().describe('The Placement of the newest attempt.'),
  address: z.string().max(45).optional().describe('Its overlay address.'),
  gpus: listOf(z.int().min(0)).optional().describe('Indexes of the GPUs that it got.'),
  attempts: z.int().min(0).optional().describe('How many attempts have been made, the present one included.'),
  retries: z.int().min(0).optional().describe('How many of them count against retry.limit.'),
  nextAttemptTime: dateTime().optional().describe('When the next attempt begins.'),
  specDigest: z.string().max(128).optional().describe('Digest of what is run: what an Approval agrees to.'),
  waiting: waiting.optional().describe('Why it has not started.'),
  history: listOf(attempt, { type: 'map', keys: ['attempt'] })
    .optional()
    .describe('The attempts that are over, the newest ones.'),
});

export const Task = defineResource({
  group: 'river.dev',
  version: 'v1',
  kind: 'Task',
  plural: 'tasks',
  scope: 'Namespaced',
  description: 'Runs a command once: with these resources, on a node that has them, with retries, a deadline, dependencies and approval.',
  categories: ['all', 'river'],
  columns: [
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where it stands.' },
    { name: 'Node', type: 'string', jsonPath: '.status.node', description: 'Where it runs.' },
    { name: 'Exit', type: 'integer', jsonPath: '.status.exitCode', description: 'Exit code.' },
    { name: 'Attempts', type: 'integer', jsonPath: '.status.attempts', description: 'Attempts made.' },
    { name: 'Image', type: 'string', jsonPath: '.spec.image', priority: 1, description: 'Container image.' },
    { name: 'Reason', type: 'string', jsonPath: '.status.reason', priority: 1, description: 'Why it is in this phase.' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since it was created.' },
  ],
  selectableFields: ['.status.phase', '.status.node', '.spec.queue'],
  subresources: { status: {} },
  fields: {
    spec: taskSpec.describe('What is asked for.'),
    status: taskStatus.optional().describe('What has come of it.'),
  },
});

export type Task = Resource<typeof Task>;
export type TaskDraft = Draft<typeof Task>;
