import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, type TestContext } from 'node:test';
import { isFinalPhase } from '@river/crds';
import type { Lease, Node, Placement, Task } from '@river/crds/kinds';
import { eventually } from '../server/eventually.ts';
import { makeToken } from '../server/node-join.ts';
import { type ClusterNode, clusterNode } from './cluster-node.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { startUnderlay, type Underlay } from './underlay.ts';

/** Three nodes and a control plane on this machine, and what can be done to them. */
export interface Stage {
  control: ControlPlane;
  nodes: readonly ClusterNode[];
  /** @throws Error when there is none of that name */
  node(name: string): ClusterNode;
  /** A folder that every node shows its workloads as the shared storage. */
  sharedDir: string;
  submit(name: string, spec: object): Promise<Task>;
  task(name: string): Promise<Task>;
  tasks(): Promise<Task[]>;
  placements(): Promise<Placement[]>;
  reaches(name: string, phase: string, deadlineMs?: number): Promise<Task>;
  /** Until every one of them is over. */
  allOver(names: readonly string[], deadlineMs: number): Promise<Task[]>;
  condition(node: string, type: string): Promise<string | undefined>;
  leaseHolder(node: string): Promise<string | undefined>;
  drain(node: string, isWanted: boolean): Promise<void>;
  stop(): Promise<void>;
}

const river = '/apis/river.dev/v1';
const namespace = 'default';
const at = (plural: string, name = '') => `${river}/namespaces/${namespace}/${plural}${name && `/${name}`}`;
const image = 'busybox:test';

export async function startStage(names: readonly string[] = ['n1', 'n2', 'n3']): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'river-cluster-'));
  const sharedDir = join(dir, 'shared');
  mkdirSync(sharedDir, { mode: 0o777 });
  const made: { underlay?: Underlay; control?: ControlPlane; nodes: ClusterNode[] } = { nodes: [] };
  const stop = async () => {
    await Promise.allSettled(made.nodes.map((node) => node.stop()));
    await made.control?.stop().catch(() => {});
    await made.underlay?.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const underlay = await startUnderlay();
    made.underlay = underlay;
    const control = await startControlPlane(underlay.address);
    made.control = control;
    for (const [index, name] of names.entries()) {
      const { whole: joinToken } = await makeToken(control.server, control.api, { node: name });
      const cgroup = `rc${process.pid.toString(36)}${name}`;
      const server = () => control.server.url;
      made.nodes.push(clusterNode({ name, number: index + 1, dir: join(dir, name), cgroup, sharedDir, underlay, server, joinToken }));
    }
    await Promise.all(made.nodes.map((node) => node.boot()));
    const stage = stageOf(control, made.nodes, sharedDir, stop);
    for (const name of names)
      await eventually(
        `${name} is ready`,
        () => stage.condition(name, 'Ready'),
        (status) => status === 'True',
        40_000,
      );
    return stage;
  } catch (error) {
    const said = made.nodes.map((node) => `--- ${node.name} ---\n${node.log().slice(-4_000)}`).join('\n');
    await stop();
    throw new Error(`the stage could not be set up: ${error instanceof Error ? error.message : error}\n${said}`, { cause: error });
  }
}

function stageOf(control: ControlPlane, nodes: readonly ClusterNode[], sharedDir: string, stop: () => Promise<void>): Stage {
  const { api } = control;
  const list = async <T>(plural: string) => (await api.read(at(plural))).items as T[];
  const task = async (name: string) => (await api.read(at('tasks', name))) as unknown as Task;
  const condition = async (node: string, type: string) => {
    const { status } = (await api.read(`${river}/nodes/${node}`)) as unknown as Node;
    return status?.conditions?.find((each) => each.type === type)?.status;
  };
  return {
    control,
    nodes,
    sharedDir,
    task,
    condition,
    stop,
    node(name) {
      const found = nodes.find((node) => node.name === name);
      if (!found) throw new Error(`there is no node ${name}`);
      return found;
    },
    submit: async (name, spec) =>
      (await api.create(at('tasks'), {
        apiVersion: 'river.dev/v1',
        kind: 'Task',
        metadata: { name, namespace },
        spec: { image, ...spec },
      })) as unknown as Task,
    tasks: () => list('tasks'),
    placements: () => list('placements'),
    reaches: (name, phase, deadlineMs = 40_000) =>
      eventually(
        `${name} is ${phase}`,
        () => task(name),
        ({ status }) => status?.phase === phase,
        deadlineMs,
      ),
    allOver: async (names, deadlineMs) => {
      const going = async () =>
        (await list<Task>('tasks')).filter(({ metadata: { name }, status }) => names.includes(name) && !isFinalPhase(status?.phase));
      await eventually('all are over', going, (left) => left.length === 0, deadlineMs);
      return (await list<Task>('tasks')).filter(({ metadata: { name } }) => names.includes(name));
    },
    leaseHolder: async (node) =>
      ((await api.read(`/apis/coordination.k8s.io/v1/namespaces/river-nodes/leases/${node}`)) as unknown as Lease).spec?.holderIdentity,
    drain: async (node, isWanted) => void (await api.merge(`${river}/nodes/${node}`, { spec: { drain: isWanted } })),
  };
}

/** A stage for the suite in which this is called; what each part has said is shown when a test of it fails. */
export function useStage(names?: readonly string[]): { readonly stage: Stage } {
  let used: Stage | undefined;
  before(async () => {
    used = await startStage(names);
  });
  after(() => used?.stop());
  afterEach((context) => {
    if ((context as TestContext).passed !== false || !used) return;
    for (const { name, log } of used.nodes)
      process.stderr.write(`--- ${name} at the end of "${context.name}" ---\n${log().slice(-6_000)}\n`);
    process.stderr.write(`${used.control.log().slice(-8_000)}\n---\n`);
  });
  return {
    get stage() {
      if (!used) throw new Error('the stage of this suite is not set up yet');
      return used;
    },
  };
}

/** Lines that workloads wrote into the shared storage, in the order in which they came there. */
export function sharedLines({ sharedDir }: Pick<Stage, 'sharedDir'>, file: string): string[] {
  const path = join(sharedDir, file);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
}
