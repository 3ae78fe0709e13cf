/** What the scheduler decides about: plain numbers and names, made from objects by `read-snapshot.ts`. */

export const resources = ['cpuMillis', 'memoryBytes', 'storageBytes', 'gpus'] as const;
export type ResourceName = (typeof resources)[number];
export type Amounts = Record<ResourceName, number>;

export interface GpuFacts {
  index: number;
  uuid?: string;
  pciAddress?: string;
  /** In lower case. */
  model: string;
  memoryBytes: number;
  numaNode?: number;
  /** Healthy, and with a driver that containers can use. */
  isUsable: boolean;
  /** A slice of a GPU (MIG): given only to who asks for it by model or index. */
  isSlice: boolean;
}

export interface NumaFacts {
  id: number;
  cores: readonly number[];
  /** Infinity when it is not known. */
  memoryBytes: number;
}

export interface Taint {
  key: string;
  value?: string;
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface Toleration {
  key?: string;
  operator: 'Equal' | 'Exists';
  value?: string;
  effect?: Taint['effect'];
}

export interface NodeFacts {
  name: string;
  labels: Readonly<Record<string, string>>;
  taints: readonly Taint[];
  isReady: boolean;
  isCordoned: boolean;
  allocatable: Amounts;
  numa: readonly NumaFacts[];
  gpus: readonly GpuFacts[];
}

export interface GpuAsk {
  count: number;
  indexes?: readonly number[];
  /** In lower case. */
  model?: string;
  memoryBytes: number;
}

/** `node[:numa][::gpu,gpu]`. */
export interface Target {
  node: string;
  numa?: number;
  gpus?: readonly number[];
}

/** What a placement needs of a node. */
export interface Ask {
  cpuMillis: number;
  memoryBytes: number;
  storageBytes: number;
  gpus?: GpuAsk;
  /** The first that fits is taken; none means any node. */
  targets: readonly Target[];
  nodeSelector: readonly (readonly [key: string, value: string])[];
  tolerations: readonly Toleration[];
  /** The longest that it holds what it gets, once started; Infinity when nobody knows. */
  longestMs: number;
  /** How long it is expected to run. */
  expectedMs: number;
  /** Equal for asks that nothing distinguishes but how long they take. */
  shape: string;
}

export interface Gang {
  name: string;
  /** So many start together or none does. */
  size: number;
}

interface Claim {
  /** `namespace/name` of the Placement. */
  key: string;
  namespace: string;
  /** The queue that it names; left out, the namespace's own. */
  queue?: string;
  priority: number;
  gang?: Gang;
}

export interface Pending extends Claim {
  createdMs: number;
  ask: Ask;
  /** Whether it may push aside what is lower. */
  mayPreempt: boolean;
  /** The nodes on which others were sent away for it. */
  roomOn?: readonly string[];
}

/** What something has on a node. */
export interface Held {
  cpuMillis: number;
  memoryBytes: number;
  storageBytes: number;
  gpus: readonly number[];
  cores: readonly number[];
  numaNode?: number;
}

/** A placement that is bound and not over, whatever its phase: it holds what it was given. */
export interface Holder extends Claim, Held {
  node: string;
  startedMs?: number;
  longestMs: number;
  expectedMs: number;
  graceMs: number;
  /** It has been asked to end. */
  isLeaving: boolean;
  /** It may be asked to end so that others can start. */
  mayBeEvicted: boolean;
}

export interface QueueFacts {
  name: string;
  weight: number;
  namespaces: readonly string[];
  /** Whether it takes anybody who names it. */
  isOpen: boolean;
  quota?: Partial<Amounts>;
  mayBorrow: boolean;
  borrowLimit?: Partial<Amounts>;
  lends: boolean;
  maxRunning?: number;
  maxRunningPerNamespace?: number;
  isHeld: boolean;
  /** Somebody names it, and it is not there. */
  isMissing?: boolean;
}

export interface Snapshot {
  nodes: readonly NodeFacts[];
  holders: readonly Holder[];
  pending: readonly Pending[];
  queues: readonly QueueFacts[];
  /** By queue: what it has used of the cluster, as a share between 0 and 1, averaged over time so that old use counts less and less. */
  usage: Readonly<Record<string, number>>;
}

export interface Binding {
  key: string;
  node: string;
  gpus: readonly GpuFacts[];
  cores: readonly number[];
  numaNode?: number;
}

export interface Eviction {
  key: string;
  /** Who gets the room. */
  forKey: string;
  reason: 'Preempted' | 'Reclaimed';
  graceMs: number;
}

export interface NodeReason {
  name: string;
  reason: string;
  message: string;
}

export interface Waiting {
  key: string;
  reason: 'Quota' | 'Resources' | 'Dependency';
  message: string;
  estimatedStartMs?: number;
  nodes: readonly NodeReason[];
}

/** How a queue stands after the decision. */
export interface QueueView {
  name: string;
  pending: number;
  running: number;
  used: Amounts;
  /** How much of it is beyond its quota. */
  borrowed: Amounts;
  /** The part of the cluster that it is entitled to by its weight, among all that use or want something now. */
  fairShare: Amounts;
  /** Of the resource that it has most of, the part of the cluster's. */
  share: number;
}

export interface Decision {
  bindings: Binding[];
  evictions: Eviction[];
  waiting: Waiting[];
  queues: QueueView[];
  /** Whether all have been considered. Of the others nothing is said: another pass is due. */
  isComplete: boolean;
}
