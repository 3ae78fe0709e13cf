import { z } from 'zod';
import { type Draft, defineResource, type Resource } from './define-resource.ts';
import { observed } from './observed.ts';
import { dateTime, listOf, quantity } from './schema/field.ts';
import { amounts } from './workload.ts';

const taint = z.object({
  key: z.string().min(1).max(317).describe('Name of the taint.'),
  value: z.string().max(63).optional().describe('Its value.'),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).describe('What it does to workloads that do not tolerate it.'),
  timeAdded: dateTime().optional().describe('Since when.'),
});

const nodeSpec = z.object({
  unschedulable: z.boolean().default(false).describe('Cordoned: what runs goes on, nothing new comes.'),
  drain: z.boolean().default(false).describe('Cordoned and being emptied: what may move, moves.'),
  declaredDead: z.boolean().default(false).describe('An admin vouches that the machine is off for good, so that its work may be replaced.'),
  taints: listOf(taint, { type: 'map', keys: ['key', 'effect'] })
    .optional()
    .describe('What keeps workloads away.'),
  reserved: amounts().optional().describe('Amounts kept for the machine itself: `cpu`, `memory`, `ephemeralStorage`.'),
});

const numaNode = z.object({
  id: z.int().min(0).describe('Number of the NUMA node.'),
  cpus: z
    .string()
    .max(4096)
    .regex(/^([0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*)?$/)
    .describe('Its cores: `0-15,32-47`.'),
  memory: quantity().optional().describe('Its memory.'),
});

const gpu = z.object({
  index: z.int().min(0).describe('Index on the node, the same after a restart.'),
  uuid: z.string().max(128).optional().describe('What the driver calls it.'),
  model: z.string().max(256).optional().describe('What it is: `NVIDIA H200`.'),
  memory: quantity().optional().describe('Its memory.'),
  pciAddress: z.string().max(32).optional().describe('Where it sits: `0000:3b:00.0`.'),
  numaNode: z.int().min(0).optional().describe('The NUMA node that it is near to.'),
  iommuGroup: z.int().min(0).optional().describe('The group that it can only be given away with.'),
  driver: z.string().max(64).optional().describe('Who holds it now: `nvidia`, `vfio-pci`.'),
  health: z.enum(['Healthy', 'Unhealthy', 'Quarantined']).default('Healthy').describe('Whether it may be given out.'),
});

const iommuGroup = z.object({
  id: z.int().min(0).describe('Number of the group.'),
  devices: listOf(z.string().max(32), { type: 'set' }).describe('PCI addresses of its members.'),
});

const topology = z.object({
  numa: listOf(numaNode, { type: 'map', keys: ['id'], max: 256 })
    .optional()
    .describe('NUMA nodes.'),
  gpus: listOf(gpu, { type: 'map', keys: ['index'], max: 1024 })
    .optional()
    .describe('GPUs.'),
  iommuGroups: listOf(iommuGroup, { type: 'map', keys: ['id'] })
    .optional()
    .describe('IOMMU groups that hold a GPU.'),
});

const systemInfo = z.object({
  architecture: z.string().max(64).optional().describe('`amd64`, `arm64`.'),
  operatingSystem: z.string().max(256).optional().describe('What runs on it: `Debian GNU/Linux 13`.'),
  kernelVersion: z.string().max(256).optional().describe('Its kernel.'),
  agentVersion: z.string().max(64).optional().describe("Version of River's agent."),
  containerEngine: z.string().max(256).optional().describe('`docker 28.1`, `podman 5.4`.'),
  runtimes: listOf(z.string().max(64), { type: 'set' }).optional().describe('Container runtimes that the engine offers: `runc`, `nvidia`.'),
  machineId: z.string().max(128).optional().describe('Names the machine, the same after a restart.'),
  bootId: z.string().max(128).optional().describe('Names this start of the machine.'),
  kvm: z.boolean().optional().describe('Whether virtual machines run at full speed.'),
  iommu: z.boolean().optional().describe('Whether devices can be given to virtual machines.'),
});

const address = z.object({
  type: z.enum(['Hostname', 'InternalIP', 'ExternalIP', 'Overlay']).describe('Which kind of address.'),
  address: z.string().max(253).describe('The address.'),
});

const nodeStatus = z.object({
  ...observed(),
  capacity: amounts().optional().describe('All there is: `cpu`, `memory`, `ephemeralStorage`, `gpus`.'),
  allocatable: amounts().optional().describe('What workloads may have: the capacity without what is reserved.'),
  topology: topology.optional().describe('What lies near what.'),
  addresses: listOf(address, { type: 'map', keys: ['type', 'address'] })
    .optional()
    .describe('Where it is reached.'),
  info: systemInfo.optional().describe('What it is.'),
});

export const Node = defineResource({
  group: 'river.dev',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  scope: 'Cluster',
  description: 'A machine that runs workloads: what it has, how it is, and whether it takes more.',
  categories: ['river'],
  columns: [
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Whether it answers and can run workloads.',
    },
    { name: 'CPU', type: 'string', jsonPath: '.status.capacity.cpu', description: 'Cores.' },
    { name: 'Memory', type: 'string', jsonPath: '.status.capacity.memory', description: 'Memory.' },
    { name: 'GPUs', type: 'string', jsonPath: '.status.capacity.gpus', description: 'GPUs.' },
    { name: 'Cordoned', type: 'boolean', jsonPath: '.spec.unschedulable', description: 'Whether it takes nothing new.' },
    { name: 'Version', type: 'string', jsonPath: '.status.info.agentVersion', priority: 1, description: 'Version of the agent.' },
    { name: 'Kernel', type: 'string', jsonPath: '.status.info.kernelVersion', priority: 1, description: 'Its kernel.' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since it joined.' },
  ],
  selectableFields: ['.spec.unschedulable'],
  subresources: { status: {} },
  fields: {
    spec: nodeSpec.prefault({}).describe('What its owner wants of it.'),
    status: nodeStatus.optional().describe('What it reports.'),
  },
});

export type Node = Resource<typeof Node>;
export type NodeDraft = Draft<typeof Node>;
