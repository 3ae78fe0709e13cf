import { z } from 'zod';
import { type Draft, defineResource, type Resource } from './define-resource.ts';
import { observed } from './observed.ts';
import { phases } from './phase.ts';
import { cel, dateTime, duration, exactlyOne, listOf, mapOf } from './schema/field.ts';
import { taskSpec } from './task.ts';
import { target, unchanged, waiting } from './workload.ts';

const parameter = z.object({
  name: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .describe('Name of the environment variable that carries it.'),
  values: listOf(z.string().max(4096), { max: 10_000 }).describe('The values it takes, as text.'),
});

const sweep = z.object({
  mode: z.enum(['Grid', 'Zip']).default('Grid').describe('Every combination, or the first of each, then the second of each, and so on.'),
  parameters: listOf(parameter, { type: 'map', keys: ['name'], max: 16 }).describe('What is varied.'),
});

const template = z.object({
  metadata: z
    .object({
      labels: mapOf(z.string().max(63), { max: 64 }).optional().describe('Labels of every Task.'),
      annotations: mapOf(z.string().max(65_536), { max: 64 }).optional().describe('Annotations of every Task.'),
    })
    .optional()
    .describe('What the Tasks are marked with.'),
  spec: taskSpec.describe('The Task. RIVER_INDEX, and each parameter of a sweep by its name, are in its environment.'),
});

const taskSetSpec = cel(
  z.object({
    count: z.int().min(1).max(1_000_000).optional().describe('An array: so many Tasks, numbered from 0.'),
    sweep: sweep.optional().describe('A sweep: one Task for each combination of parameters.'),
    targets: listOf(target(), { type: 'set', max: 1024 })
      .optional()
      .describe('A fan-out: one Task at each place, `node[:numa][::gpu,gpu]`.'),
    template: template.describe('What each Task is made from.'),
    parallelism: z.int().min(0).max(100_000).default(10).describe('The most Tasks that are under way at once. `kubectl scale` sets it.'),
    maxFailures: z.int().min(0).optional().describe('Stop making Tasks after so many have failed. Left out: go through all.'),
    suspend: z.boolean().default(false).describe('Make no more Tasks; those under way are paused.'),
    cancel: z.boolean().default(false).describe('End it and all its Tasks. Cannot be taken back.'),
    keepFinished: z
      .int()
      .min(0)
      .max(100_000)
      .default(1000)
      .describe('How many finished Tasks are kept as objects; older results stay in the status.'),
    ttlAfterFinished: duration().optional().describe('Delete it, with its Tasks, so long after its end.'),
  }),
  [
    exactlyOne('count', 'sweep', 'targets'),
    unchanged('count'),
    unchanged('sweep'),
    unchanged('targets'),
    { rule: '!oldSelf.cancel || self.cancel', message: 'a cancelled TaskSet stays cancelled' },
  ],
);

const many = () => z.int().min(0).optional();

const taskSetStatus = z.object({
  ...observed(),
  phase: z.enum(phases).optional().describe('Where the whole stands, in one word; told from the conditions.'),
  reason: z.string().max(1024).optional().describe('Why, in one word.'),
  message: z.string().max(32768).optional().describe('Why, for people.'),
  total: many().describe('How many Tasks there are to be.'),
  nextIndex: many().describe('The first index that has no Task yet.'),
  active: many().describe('Tasks that are under way.'),
  succeeded: many().describe('Tasks that have succeeded.'),
  failed: many().describe('Tasks that have ended otherwise.'),
  failedIndexes: z.string().max(131_072).optional().describe('Their indexes, as ranges: `3,7-9`.'),
  completedIndexes: z.string().max(131_072).optional().describe('Indexes that have succeeded, as ranges.'),
  finishedIndexes: z
    .string()
    .max(131_072)
    .optional()
    .describe(
      'Indexes that have ended, one way or the other, as ranges: what is counted, also where the other two had to be cut with `…`.',
    ),
  selector: z.string().max(4096).optional().describe('Label selector of its Tasks, as text.'),
  startTime: dateTime().optional().describe('When its first Task was made.'),
  finishTime: dateTime().optional().describe('When its last Task ended.'),
  waiting: waiting.optional().describe('Why it makes no progress.'),
});

export const TaskSet = defineResource({
  group: 'river.dev',
  version: 'v1',
  kind: 'TaskSet',
  plural: 'tasksets',
  scope: 'Namespaced',
  description: 'Many Tasks from one template: an array, a sweep over parameters, or one at each of several places. Made as room appears.',
  shortNames: ['ts'],
  categories: ['all', 'river'],
  columns: [
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where it stands.' },
    { name: 'Total', type: 'integer', jsonPath: '.status.total', description: 'Tasks there are to be.' },
    { name: 'Active', type: 'integer', jsonPath: '.status.active', description: 'Tasks under way.' },
    { name: 'Succeeded', type: 'integer', jsonPath: '.status.succeeded', description: 'Tasks that succeeded.' },
    { name: 'Failed', type: 'integer', jsonPath: '.status.failed', description: 'Tasks that ended otherwise.' },
    { name: 'Parallelism', type: 'integer', jsonPath: '.spec.parallelism', priority: 1, description: 'Tasks at once.' },
    { name: 'Reason', type: 'string', jsonPath: '.status.reason', priority: 1, description: 'Why it is in this phase.' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since it was created.' },
  ],
  selectableFields: ['.status.phase'],
  subresources: {
    status: {},
    scale: { specReplicasPath: '.spec.parallelism', statusReplicasPath: '.status.active', labelSelectorPath: '.status.selector' },
  },
  fields: {
    spec: taskSetSpec.describe('What is asked for.'),
    status: taskSetStatus.optional().describe('What has come of it.'),
  },
});

export type TaskSet = Resource<typeof TaskSet>;
export type TaskSetDraft = Draft<typeof TaskSet>;
