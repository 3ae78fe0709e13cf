import { z } from 'zod';
import { type Draft, defineResource, type Resource } from './define-resource.ts';
import { observed } from './observed.ts';
import { phases } from './phase.ts';
import { cel, listOf } from './schema/field.ts';
import { executable, executableRules, objectName, outcome, scheduling, setOnce, waiting } from './workload.ts';

const cpuList = () =>
  z
    .string()
    .max(4096)
    .regex(/^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$/);

const owner = z.object({
  kind: z.string().min(1).max(63).describe('Kind of the owner, in river.dev.'),
  name: objectName().describe('Its name, in the same namespace.'),
  uid: z.string().min(1).max(128).describe('Its uid.'),
});

const device = z.object({
  index: z.int().min(0).max(1023).describe('Index on the node.'),
  uuid: z.string().max(128).optional().describe('What the driver calls it, the same after a restart.'),
  pciAddress: z.string().max(32).optional().describe('Where it sits: `0000:3b:00.0`.'),
});

const placementSpec = cel(
  z.object({
    owner: owner.describe('What this is an attempt of.'),
    attempt: z.int().min(1).describe("The owner's attempt, from 1."),
    ...executable(),
    ...scheduling(),
    power: z.enum(['Running', 'Paused', 'Stopped']).default('Running').describe('Run it, pause it, or end it within its grace period.'),
    nodeName: z.string().min(1).max(253).optional().describe('The node. Written by the scheduler, once.'),
    epoch: z.int().min(1).optional().describe('Number of the binding; a node ends what carries an older one.'),
    gpus: listOf(device, { type: 'map', keys: ['index'], max: 128 })
      .optional()
      .describe('The GPUs it gets. Written by the scheduler.'),
    cpuset: cpuList().optional().describe('The cores it is kept on, `0-3,8`. Written by the scheduler.'),
    numaNode: z.int().min(0).max(1023).optional().describe('The NUMA node of its cores and memory. Written by the scheduler.'),
    address: z.string().max(45).optional().describe('Its overlay address. Written by the scheduler.'),
  }),
  [
    ...executableRules,
    { rule: 'self.owner == oldSelf.owner && self.attempt == oldSelf.attempt', message: 'owner and attempt cannot be changed' },
    ...['nodeName', 'gpus', 'cpuset', 'numaNode', 'address'].map(setOnce),
    { rule: '!has(oldSelf.epoch) || (has(self.epoch) && self.epoch >= oldSelf.epoch)', message: 'epoch only grows' },
    { rule: "oldSelf.power != 'Stopped' || self.power == 'Stopped'", message: 'what was ended stays ended' },
    { rule: '!has(self.nodeName) || has(self.epoch)', message: 'a binding needs an epoch' },
  ],
);

const placementStatus = z.object({
  ...observed(),
  phase: z.enum(phases).optional().describe('Where it stands, in one word; told from the conditions.'),
  ...outcome(),
  epoch: z.int().optional().describe('The binding that the node has admitted.'),
  containerId: z.string().max(128).optional().describe('What the container engine calls it.'),
  imageDigest: z.string().max(256).optional().describe('The image that was really run.'),
  address: z.string().max(45).optional().describe('The address it has.'),
  waiting: waiting.optional().describe('Why it is not bound yet.'),
});

export const Placement = defineResource({
  group: 'river.dev',
  version: 'v1',
  kind: 'Placement',
  plural: 'placements',
  scope: 'Namespaced',
  description:
    'One attempt of one workload on one node, fully resolved: the only thing that a node reads. Made by controllers, not by people.',
  shortNames: ['pl'],
  categories: ['river'],
  columns: [
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where it stands.' },
    { name: 'Node', type: 'string', jsonPath: '.spec.nodeName', description: 'Where it is bound.' },
    { name: 'Owner', type: 'string', jsonPath: '.spec.owner.name', description: 'What it is an attempt of.' },
    { name: 'Attempt', type: 'integer', jsonPath: '.spec.attempt', description: 'Which attempt.' },
    { name: 'Epoch', type: 'integer', jsonPath: '.spec.epoch', priority: 1, description: 'Number of the binding.' },
    { name: 'Address', type: 'string', jsonPath: '.status.address', priority: 1, description: 'Its address.' },
    { name: 'Reason', type: 'string', jsonPath: '.status.reason', priority: 1, description: 'Why it is in this phase.' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since it was created.' },
  ],
  selectableFields: ['.spec.nodeName', '.spec.owner.name', '.spec.owner.uid', '.status.phase'],
  subresources: { status: {} },
  fields: {
    spec: placementSpec.describe('What is to run, and where.'),
    status: placementStatus.optional().describe('What the node has made of it.'),
  },
});

export type Placement = Resource<typeof Placement>;
export type PlacementDraft = Draft<typeof Placement>;
