/** Where something of the outside appears inside. */
export type MountOrder =
  | { kind: 'folder'; source: string; target: string; isReadOnly: boolean }
  | { kind: 'memory'; target: string; sizeBytes?: number }
  | { kind: 'disk'; target: string };

/** One container, with everything resolved. Holds secrets: never logged, never kept. */
export interface WorkOrder {
  uid: string;
  epoch: number;
  namespace: string;
  name: string;
  image: string;
  command?: readonly string[];
  args?: readonly string[];
  env: Readonly<Record<string, string>>;
  workingDirectory?: string;
  user?: string;
  /** Thousandths of a core; 0: no limit. */
  cpuMillis: number;
  memoryBytes?: number;
  sharedMemoryBytes?: number;
  cpuset?: string;
  numaNode?: number;
  gpuUuids: readonly string[];
  mounts: readonly MountOrder[];
  isPrivileged: boolean;
  network: 'Overlay' | 'Host' | 'None';
  isFenced: boolean;
  logLimitBytes: number;
}
