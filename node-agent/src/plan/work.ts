import type { FinalPhase } from '@river/crds';

/** What is wanted of one Placement that is bound to this node, as far as deciding needs it. */
export interface Work {
  uid: string;
  namespace: string;
  name: string;
  epoch: number;
  power: 'Running' | 'Paused' | 'Stopped';
  /** Its status is final already, by whoever said so: it is never started, and what still runs of it is killed. */
  isOver: boolean;
  /** An agent of this node has said that it took it on. */
  hasBegun: boolean;
  gpus: readonly number[];
  /** Cores that are its own; empty: any. */
  cpus: readonly number[];
  isPrivileged: boolean;
  usesHostNetwork: boolean;
  /** Folders of the node that it wants to see. */
  hostPaths: readonly string[];
  usesSharedStorage: boolean;
  isFenced: boolean;
  graceMs: number;
  timeoutMs?: number;
}

/** How an attempt ended; nothing follows. Times are this machine's. */
export interface Outcome {
  phase: FinalPhase;
  reason: string;
  message: string;
  exitCode?: number;
  startMs?: number;
  finishMs: number;
}

/** What this node has taken on: it stands in the journal before anything is done, and until the Placement is gone. */
export interface Admission
  extends Pick<Work, 'uid' | 'namespace' | 'name' | 'epoch' | 'gpus' | 'cpus' | 'isFenced' | 'graceMs' | 'timeoutMs'> {
  admittedMs: number;
  /** Its program may have run: what is then missing is lost, and never started again. */
  mayHaveStarted: boolean;
  /** The start of the machine in which that was. */
  bootId?: string;
  /** Why its end was asked for. */
  ending?: 'Stopped' | 'Timeout';
  outcome?: Outcome;
}

/** A container that bears River's labels. */
export interface Container {
  id: string;
  uid: string;
  epoch: number;
  state: 'created' | 'running' | 'paused' | 'exited';
  startMs?: number;
  address?: string;
  imageDigest?: string;
  isPrivileged?: boolean;
  /** The network that it was made to join is gone: it can never start, and has not. */
  lacksNetwork?: boolean;
  /** There once the state is `exited`. */
  exit?: Exit;
}

export interface Exit {
  code: number;
  finishMs: number;
  /** Told by the kernel's own count, never guessed from the code. */
  isOutOfMemory: boolean;
  /** Why it could not be started. */
  error?: string;
}

/** What this machine can and may do. */
export interface Limits {
  nowMs: number;
  cpus: readonly number[];
  /** Indexes of the GPUs that may be given to containers. */
  gpus: readonly number[];
  /** Folders below which a workload may be shown what is there. */
  hostPaths: readonly string[];
  hasSharedStorage: boolean;
  allowsPrivileged: boolean;
  allowsHostNetwork: boolean;
  /** Fenced work stands still: nothing of it is made or started until it is thawed. */
  isFrozen: boolean;
  /** Since when the engine runs, where it does not let containers live over its restart: those from before that ended about then were killed by that. */
  killedAllMs?: number;
  /** When the engine began, by its socket. */
  engineStartMs?: number;
  /** This start of the machine, and when it was. */
  boot?: { id: string; startedMs: number };
}

export type Action =
  | { do: 'admit'; work: Work }
  /** It is over before it was taken on: no device is held for it, not for a moment. */
  | { do: 'refuse'; work: Work; outcome: Outcome }
  | { do: 'pull' | 'create'; work: Work }
  | { do: 'start' | 'pause' | 'unpause' | 'remove'; uid: string; containerId: string }
  /** It goes, and nothing of it has run: the next one is as the first. */
  | { do: 'undo'; uid: string; containerId: string }
  /** `graceMs` 0 kills at once. `ending` is journalled before. */
  | { do: 'stop'; uid: string; containerId: string; graceMs: number; ending?: Admission['ending'] }
  /** The outcome is journalled, and holds from then on. */
  | { do: 'settle'; uid: string; outcome: Outcome; containerId?: string }
  | { do: 'forget'; uid: string };
