import { isTaken, nodesNamespace } from '@river/controllers';
import { isFinalPhase, type KubeObject } from '@river/crds';
import type { Lease, Placement, Task } from '@river/crds/kinds';
import { type Container, fenceMs, parseCpuList, type WorkOrder } from '@river/node-agent';
import type { Node } from '../node/node.ts';
import type { Timeline } from '../time/timeline.ts';
import type { Mirror } from './mirror.ts';
import type { Truth } from './truth.ts';

/** What people did that allows things to go away. */
export interface Allowed {
  /** Uids of what a person has deleted. */
  deleted: ReadonlySet<string>;
  /** One leader from the beginning: then nothing is ever given twice, not even for the node to refuse. */
  hasOneLeader(): boolean;
}

export interface InvariantDeps {
  mirror(): Mirror;
  truth: Truth;
  nodes: readonly Node[];
  timeline: Timeline;
  allowed: Allowed;
  fail(what: string): void;
}

/** What must hold at every step. */
export interface Invariants {
  onWrite(now: KubeObject | undefined, before: KubeObject | undefined): void;
  onContainer(node: Node, order: WorkOrder, container: Container | undefined): void;
  /** What runs may have changed otherwise: a machine has woken, or is on again. */
  touch(): void;
  afterStep(): void;
}

export function invariants(deps: InvariantDeps): Invariants {
  const tasks = taskRules(deps);
  const placements = placementRules(deps);
  const containers = containerRules(deps);
  const leases = leaseRules(deps);
  return {
    onWrite(now, before) {
      const { kind } = now ?? before ?? { kind: '' };
      // What the server has taken under a kind is of that kind.
      if (kind === 'Task') tasks(now as unknown as Task | undefined, before as unknown as Task | undefined);
      if (kind === 'Placement') placements(now as unknown as Placement | undefined, before as unknown as Placement | undefined);
      if (kind === 'Lease' && now) leases(now as unknown as Lease, before as unknown as Lease | undefined);
    },
    onContainer: containers.changed,
    touch: containers.touch,
    afterStep: containers.check,
  };
}

const isFinished = (placement: Placement | undefined): boolean =>
  placement?.status?.conditions?.some(({ type, status }) => type === 'Finished' && status === 'True') ?? false;

function taskRules({ mirror, truth, allowed, fail }: InvariantDeps) {
  const gone = (task: Task) => {
    const { name, uid = '', ownerReferences = [] } = task.metadata;
    const isExpired = isFinalPhase(task.status?.phase) && task.spec.ttlAfterFinished !== undefined;
    if (!allowed.deleted.has(uid) && !isExpired && ownerReferences.length === 0) fail(`Task ${name} is gone, and nobody has deleted it`);
  };
  const ended = (task: Task) => {
    const { name, uid = '' } = task.metadata;
    const { phase, attempts = 0, exitCode } = task.status ?? {};
    const ever = mirror().placementsEverOf(uid);
    const last = ever.find(({ spec }) => spec.attempt === attempts);
    const going = ever.flatMap(({ metadata }) => truth.executing(metadata.uid ?? ''));
    if (going.length > 0) fail(`Task ${name} is said to be ${phase} while it runs on ${going[0]?.machine.name}`);
    const live = last ? truth.live(last.metadata.uid ?? '') : [];
    // What is lost stands still, if it is there at all.
    if (last?.status?.phase !== 'Lost' && live.length > 0)
      fail(`Task ${name} is said to be ${phase} while it has not ended on ${live[0]?.machine.name}`);
    const open = ever.filter(({ metadata, status }) => mirror().find('Placement', metadata.name) && !isFinalPhase(status?.phase));
    if (open.length > 0) fail(`Task ${name} is ${phase} while its attempt ${open[0]?.metadata.name} is ${open[0]?.status?.phase}`);
    if (last && isFinished(last) && exitCode !== last.status?.exitCode)
      fail(`Task ${name} says that it ended with ${exitCode}, its last attempt with ${last.status?.exitCode}`);
    if (phase === 'Failed' || phase === 'KilledOOM' || phase === 'Lost') tooSoon(task, ever);
  };
  /** Cancelled, by itself or with its TaskSet, or being deleted: nobody wants another attempt. */
  const isUnwanted = ({ spec, metadata }: Task): boolean =>
    spec.cancel ||
    metadata.deletionTimestamp !== undefined ||
    (metadata.ownerReferences ?? []).some(({ name }) => mirror().find('TaskSet', name)?.spec.cancel);
  /** A Task ends badly only when its attempts are used up. */
  const tooSoon = (task: Task, ever: readonly Placement[]) => {
    const { limit, when } = task.spec.retry;
    const counted = ever.filter((each) => when.some((cause) => cause === causeOf(each))).length;
    const last = ever.find(({ spec }) => spec.attempt === task.status?.attempts);
    const isListed = last && when.some((cause) => cause === causeOf(last));
    if (isListed && !isUnwanted(task) && counted <= limit)
      fail(`Task ${task.metadata.name} has ended ${task.status?.phase} after ${counted} attempts that count, of ${limit + 1}`);
  };
  return (now: Task | undefined, before: Task | undefined) => {
    if (!now) return before && gone(before);
    const [was, is] = [before?.status?.phase, now.status?.phase];
    if (isFinalPhase(was) && is !== was) fail(`Task ${now.metadata.name} was ${was} and is ${is}`);
    if (isFinalPhase(is) && is !== was) ended(now);
    if ((now.status?.attempts ?? 0) < (before?.status?.attempts ?? 0)) fail(`Task ${now.metadata.name} has fewer attempts than before`);
  };
}

/** Why an attempt has ended, as `retry.when` names it. */
function causeOf({ status, metadata }: Placement): string | undefined {
  const { phase, reason = '' } = status ?? {};
  const isOurs = metadata.annotations?.['river.dev/stop-reason'];
  if ((phase === 'Stopped' || phase === 'Killed') && isOurs === 'Timeout') return 'Timeout';
  if (phase === 'Failed') return reason === 'Timeout' ? 'Timeout' : 'Failed';
  if (phase === 'KilledOOM') return 'OOM';
  return phase === 'Lost' || phase === 'Rejected' ? phase : undefined;
}

function placementRules({ mirror, truth, nodes, allowed, fail }: InvariantDeps) {
  const numbers = new Map<string, string>();
  const made = ({ metadata, spec }: Placement) => {
    const number = `${spec.owner.uid}/${spec.attempt}`;
    const known = numbers.get(number);
    if (known !== undefined && known !== metadata.uid) fail(`attempt ${spec.attempt} of ${spec.owner.name} was made twice`);
    numbers.set(number, metadata.uid ?? '');
    const others = mirror()
      .all('Placement')
      .filter((each) => each.spec.owner.uid === spec.owner.uid && each.metadata.uid !== metadata.uid && !isFinished(each));
    if (others.length > 0) fail(`${metadata.name} was made while ${others[0]?.metadata.name} has not ended`);
  };
  const gone = (placement: Placement) => {
    const { name, uid = '' } = placement.metadata;
    if (placement.status?.phase !== 'Lost' && truth.live(uid).length > 0) fail(`Placement ${name} is gone while it runs`);
    const owner = mirror().find('Task', placement.spec.owner.name);
    const isOwned = owner?.metadata.uid === placement.spec.owner.uid && owner.metadata.deletionTimestamp === undefined;
    const isOld = placement.spec.attempt <= (owner?.status?.attempts ?? 0) - 10;
    if (isOwned && !isOld && !allowed.deleted.has(uid)) fail(`Placement ${name} is gone, and nobody has deleted it`);
    const isRecorded = owner?.status?.history?.some(({ attempt }) => attempt === placement.spec.attempt) ?? false;
    if (isOwned && !isOld && !isRecorded && !isFinalPhase(owner.status?.phase))
      fail(`Placement ${name} is gone before its end was written down`);
  };
  const ended = (placement: Placement, before: Placement | undefined) => {
    const { name, uid = '' } = placement.metadata;
    const { phase, exitCode, reason } = placement.status ?? {};
    const fate = truth.fateOf(uid);
    if (truth.executing(uid).length > 0) fail(`Placement ${name} is said to be ${phase} while it runs`);
    const isDead = nodes.some(({ machine }) => machine.name === placement.spec.nodeName && !machine.isOn);
    if (phase !== 'Lost' && !isDead && truth.live(uid).length > 0) fail(`Placement ${name} is said to be ${phase} while it has not ended`);
    if (exitCode !== undefined && exitCode !== fate?.code)
      fail(`Placement ${name} says exit code ${exitCode}, its program gave ${fate?.code}`);
    if (phase === 'Succeeded' && fate?.code !== 0) fail(`Placement ${name} is said to have succeeded, its program gave ${fate?.code}`);
    if (reason === 'DeviceTaken' && allowed.hasOneLeader()) fail(`Placement ${name} was given what another has, by the only scheduler`);
    if (before?.status?.phase === 'Rejected' && fate) fail(`Placement ${name} was rejected and has run`);
  };
  return (now: Placement | undefined, before: Placement | undefined) => {
    if (!now) return before && gone(before);
    if (!before) made(now);
    if (isFinished(before) && (!isFinished(now) || now.status?.phase !== before?.status?.phase))
      fail(`Placement ${now.metadata.name} was ${before?.status?.phase} and is ${now.status?.phase}`);
    if (isFinished(now) && !isFinished(before)) ended(now, before);
  };
}

function containerRules({ mirror, truth, allowed, fail }: InvariantDeps) {
  const states = new Map<string, string>();
  let isDirty = false;
  const begun = (node: Node, order: WorkOrder) => {
    const fate = truth.fateOf(order.uid);
    if (fate) fate.starts++;
    if ((fate?.starts ?? 0) > 1) fail(`the program of ${order.name} has been started twice`);
    for (const other of node.engine.all()) {
      const isLive = other.container.state === 'running' || other.container.state === 'paused';
      if (other.order === order || !isLive) continue;
      const gpu = order.gpuUuids.find((uuid) => other.order.gpuUuids.includes(uuid));
      const cores = parseCpuList(order.cpuset ?? '').filter((core) => parseCpuList(other.order.cpuset ?? '').includes(core));
      if (gpu !== undefined || cores.length > 0)
        fail(`${order.name} has begun with ${gpu ?? `core ${cores[0]}`}, which ${other.order.name} has`);
    }
    const live = [...node.engine.all()].filter(({ container: { state } }) => state === 'running' || state === 'paused');
    const millis = live.reduce((sum, each) => sum + each.order.cpuMillis, 0);
    if (allowed.hasOneLeader() && millis > node.hardware.cpus.length * 1000)
      fail(`${node.machine.name} runs ${millis} thousandths of a core and has ${node.hardware.cpus.length} cores`);
  };
  return {
    changed(node: Node, order: WorkOrder, container: Container | undefined) {
      isDirty = true;
      truth.took(node, order, container);
      const id = `${node.machine.name}/${container?.id}`;
      if (container?.state === 'running' && states.get(id) === 'created') begun(node, order);
      if (container) states.set(id, container.state);
    },
    touch() {
      isDirty = true;
    },
    check() {
      const unfenced = truth.unfenced();
      if (unfenced) fail(`fenced work goes on on ${unfenced.machine.name} although its last renewal was sent too long ago`);
      if (!isDirty) return;
      isDirty = false;
      const seen = new Map<string, string>();
      for (const { node, order } of truth.allExecuting()) {
        const owner = mirror().placementEver(order.uid)?.spec.owner;
        const other = owner && seen.get(owner.uid);
        if (owner && other !== undefined) fail(`${owner.name} runs on ${other} and on ${node.machine.name} at once`);
        if (owner) seen.set(owner.uid, node.machine.name);
      }
    },
  };
}

/** A lease is taken only when its node has not renewed for longer than what is fenced there may go on. */
function leaseRules({ timeline, fail }: InvariantDeps) {
  const renewedAtMs = new Map<string, number>();
  return (now: Lease, before: Lease | undefined) => {
    const { name, namespace } = now.metadata;
    if (namespace !== nodesNamespace) return;
    if (!isTaken(now)) return void renewedAtMs.set(name, timeline.nowMs);
    const silentMs = timeline.nowMs - (renewedAtMs.get(name) ?? Number.NEGATIVE_INFINITY);
    if (before && !isTaken(before) && silentMs < fenceMs)
      fail(`the lease of ${name} was taken ${Math.round(silentMs)} ms after it was renewed`);
  };
}
