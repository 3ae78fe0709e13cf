import { z } from 'zod';
import { type Draft, defineResource, type Resource } from './define-resource.ts';
import { labelSelector } from './label-selector.ts';
import { observed } from './observed.ts';
import { listOf } from './schema/field.ts';
import { amounts, objectName } from './workload.ts';

const borrowing = z.object({
  mode: z.enum(['Allowed', 'Forbidden']).default('Allowed').describe('Whether it may use what other queues leave idle.'),
  limit: amounts().optional().describe('The most that it may borrow; left out, all that is idle.'),
  lend: z.boolean().default(true).describe('Whether others may use what it leaves idle. They give it back when it is asked for.'),
});

const queueSpec = z.object({
  namespaces: listOf(objectName(), { type: 'set', max: 4096 }).optional().describe('The namespaces that are charged here.'),
  namespaceSelector: labelSelector().optional().describe('And those with these labels.'),
  weight: z.int().min(0).max(1_000_000).default(1).describe('Its share, against the weights of the other queues.'),
  quota: amounts()
    .optional()
    .describe('What it is sure of and, without borrowing, the most it gets: `cpu`, `memory`, `gpus`. Left out: no limit.'),
  borrowing: borrowing.prefault({}).describe('What happens beyond the quota.'),
  maxRunning: z.int().min(0).optional().describe('The most workloads that run at once.'),
  maxRunningPerNamespace: z.int().min(0).optional().describe('The same, for each of its namespaces.'),
  hold: z.boolean().default(false).describe('Start nothing; what runs goes on.'),
});

const queueStatus = z.object({
  ...observed(),
  pending: z.int().min(0).optional().describe('Workloads that wait.'),
  running: z.int().min(0).optional().describe('Workloads that run.'),
  used: amounts().optional().describe('What they use.'),
  borrowed: amounts().optional().describe('How much of it is beyond the quota.'),
  fairShare: amounts().optional().describe('What it is entitled to now, by weight.'),
});

export const Queue = defineResource({
  group: 'river.dev',
  version: 'v1',
  kind: 'Queue',
  plural: 'queues',
  scope: 'Cluster',
  description: 'Share, quota and borrowing for a group of namespaces. It decides when a workload starts, not whether it is accepted.',
  categories: ['river'],
  columns: [
    { name: 'Weight', type: 'integer', jsonPath: '.spec.weight', description: 'Its share.' },
    { name: 'Pending', type: 'integer', jsonPath: '.status.pending', description: 'Workloads that wait.' },
    { name: 'Running', type: 'integer', jsonPath: '.status.running', description: 'Workloads that run.' },
    { name: 'GPUs', type: 'string', jsonPath: '.status.used.gpus', description: 'GPUs in use.' },
    { name: 'Hold', type: 'boolean', jsonPath: '.spec.hold', priority: 1, description: 'Whether it starts nothing.' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since it was created.' },
  ],
  subresources: { status: {} },
  fields: {
    spec: queueSpec.prefault({}).describe('Who is charged here, and what they get.'),
    status: queueStatus.optional().describe('How it is used.'),
  },
});

export type Queue = Resource<typeof Queue>;
export type QueueDraft = Draft<typeof Queue>;
