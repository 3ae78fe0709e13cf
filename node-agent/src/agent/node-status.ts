import { type Condition, parseQuantity, quantityUnits } from '@river/crds';
import type { Node } from '@river/crds/kinds';
import type { EngineFacts } from '../driver/docker/engine-facts.ts';
import { formatCpuList } from '../inventory/cpu-list.ts';
import type { Machine } from '../inventory/observe-machine.ts';

export interface NodeFacts {
  machine: Machine;
  engine: EngineFacts | undefined;
  engineProblem: string | undefined;
  hostname: string;
  agentVersion: string;
  isFrozen: boolean;
  diskBytes: number | undefined;
}

type Status = NonNullable<Node['status']>;

/** What a node says of itself. Conditions keep the time since which they hold. */
export function nodeStatus(node: Node, facts: NodeFacts, nowMs: number): Status {
  const { machine, engine, hostname, agentVersion } = facts;
  const capacity = amountsOf(facts);
  const reserved = node.spec.reserved ?? {};
  return {
    capacity,
    allocatable: Object.fromEntries(
      Object.entries(capacity).map(([name, amount]) => [name, String(Math.max(0, Number(amount) - numberOf(reserved[name])))]),
    ),
    topology: topologyOf(machine),
    addresses: [{ type: 'Hostname', address: hostname }],
    info: {
      ...(machine.architecture && { architecture: machine.architecture }),
      ...(machine.operatingSystem && { operatingSystem: machine.operatingSystem }),
      ...(machine.kernelVersion && { kernelVersion: machine.kernelVersion }),
      ...(machine.machineId && { machineId: machine.machineId }),
      ...(machine.bootId && { bootId: machine.bootId }),
      kvm: machine.kvm,
      iommu: machine.iommu,
      agentVersion,
      ...(engine && { containerEngine: `${engine.name} ${engine.version}`, runtimes: [...engine.runtimes] }),
    },
    conditions: conditionsOf(node, facts, nowMs),
    ...(node.metadata.generation !== undefined && { observedGeneration: node.metadata.generation }),
  };
}

const numberOf = (amount: unknown): number => {
  if (typeof amount !== 'string' && typeof amount !== 'number') return 0;
  return Number(quantityUnits(parseQuantity(amount)));
};

function amountsOf({ machine, diskBytes }: NodeFacts): Record<string, string> {
  return {
    cpu: String(machine.cpus.length),
    memory: String(machine.memoryBytes),
    gpus: String(machine.gpus.length),
    ...(diskBytes !== undefined && { ephemeralStorage: String(diskBytes) }),
  };
}

function topologyOf({ numa, gpus, iommuGroups, cpus, memoryBytes }: Machine): NonNullable<Status['topology']> {
  // A machine that tells of no NUMA nodes is one.
  const nodes = numa.length > 0 ? numa : [{ id: 0, cpus: formatCpuList(cpus), memoryBytes }];
  return {
    numa: nodes.map(({ id, cpus: list, memoryBytes: bytes }) => ({
      id,
      cpus: list,
      ...(bytes !== undefined && { memory: String(bytes) }),
    })),
    gpus: gpus.map(({ memoryBytes: bytes, ...gpu }) => ({ ...gpu, ...(bytes !== undefined && { memory: String(bytes) }) })),
    iommuGroups: iommuGroups.map(({ id, devices }) => ({ id, devices: [...devices] })),
  };
}

const byType = (a: Condition, b: Condition): number => (a.type < b.type ? -1 : 1);

function conditionsOf(node: Node, facts: NodeFacts, nowMs: number): Condition[] {
  const { engine, engineProblem, machine, isFrozen } = facts;
  const before = node.status?.conditions ?? [];
  const say = (type: string, holds: boolean, reason: string, message: string): Condition => {
    const status = holds ? 'True' : 'False';
    const old = before.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : new Date(nowMs).toISOString();
    return { type, status, reason, message: message.slice(0, 2_000), lastTransitionTime };
  };
  const mine = [
    engine
      ? say('Ready', true, 'AgentReady', '')
      : say('Ready', false, 'EngineUnreachable', engineProblem ?? 'the container engine has not answered yet'),
    engine?.isLiveRestore === false
      ? say(
          'LiveRestore',
          false,
          'Off',
          "a restart of the container engine ends what runs: set live-restore to true in Docker's daemon.json",
        )
      : say('LiveRestore', engine !== undefined, engine ? 'On' : 'Unknown', ''),
    machine.problems.length === 0
      ? say('InventoryComplete', true, 'Complete', '')
      : say('InventoryComplete', false, 'PartsMissing', machine.problems.map(({ part, message }) => `${part}: ${message}`).join('; ')),
    say('FenceOpen', !isFrozen, isFrozen ? 'Frozen' : 'Open', ''),
  ];
  // In the order in which the controllers keep them, so that neither writes what the other has only put elsewhere.
  return [...before.filter(({ type }) => !mine.some((condition) => condition.type === type)), ...mine].sort(byType);
}
