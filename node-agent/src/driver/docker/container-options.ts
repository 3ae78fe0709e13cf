import type { MountOrder, WorkOrder } from '../work-order.ts';
import { containerName, labels } from './labels.ts';

/** What the engine's options are besides the order. */
export interface Placing {
  node: string;
  /** Parents in the tree of cgroups; the guard freezes the first. */
  cgroups: { fenced: string; others: string };
  networkMode: string;
}

/** What programs as a rule need of root's powers: to own files, to become another user, to listen below 1024. Nothing over the machine. */
const capabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'NET_BIND_SERVICE'];
const mostProcesses = 4096;
const logFiles = 2;
const nanosPerMilli = 1_000_000;

/** Hardened unless the order says that it is privileged. Output is kept by the engine, so that it is whole whoever of us dies. */
export function containerOptions(order: WorkOrder, placing: Placing) {
  return {
    name: containerName(order.uid, order.epoch),
    Image: order.image,
    // What is given replaces the image's own entry and words; words alone go to the image's entry.
    ...(order.command && { Entrypoint: [...order.command], Cmd: [...(order.args ?? [])] }),
    ...(!order.command && order.args && { Cmd: [...order.args] }),
    Env: [...Object.entries(order.env).map(([name, value]) => `${name}=${value}`), ...noGpus(order)],
    ...(order.workingDirectory && { WorkingDir: order.workingDirectory }),
    ...(order.user && { User: order.user }),
    AttachStdout: false,
    AttachStderr: false,
    Labels: {
      [labels.node]: placing.node,
      [labels.uid]: order.uid,
      [labels.epoch]: String(order.epoch),
      [labels.namespace]: order.namespace,
      [labels.name]: order.name,
    },
    HostConfig: hostConfig(order, placing),
  };
}

/** Where NVIDIA's runtime is the engine's usual one, an image could take all GPUs by a variable of its own. With GPUs the engine sets it last. */
const noGpus = ({ gpuUuids, isPrivileged }: WorkOrder) => (gpuUuids.length > 0 || isPrivileged ? [] : ['NVIDIA_VISIBLE_DEVICES=void']);

function hostConfig(order: WorkOrder, { cgroups, networkMode }: Placing) {
  return {
    Init: true,
    NetworkMode: networkMode,
    CgroupParent: order.isFenced ? cgroups.fenced : cgroups.others,
    RestartPolicy: { Name: 'no' },
    PidsLimit: mostProcesses,
    ...limitsOf(order),
    Mounts: order.mounts.map(mountSettings),
    LogConfig: {
      // It keeps bytes as they are, where others make text of them.
      Type: 'local',
      Config: {
        'max-size': String(Math.max(65_536, Math.ceil(order.logLimitBytes / logFiles))),
        'max-file': String(logFiles),
        compress: 'false',
      },
    },
    ...(order.isPrivileged ? { Privileged: true } : { SecurityOpt: ['no-new-privileges'], CapDrop: ['ALL'], CapAdd: capabilities }),
    ...(order.gpuUuids.length > 0 && {
      DeviceRequests: [{ Driver: 'nvidia', DeviceIDs: [...order.gpuUuids], Capabilities: [['gpu']] }],
    }),
  };
}

function limitsOf(order: WorkOrder) {
  const { cpuMillis, memoryBytes, sharedMemoryBytes, cpuset, numaNode } = order;
  return {
    ...(cpuMillis > 0 && { NanoCpus: cpuMillis * nanosPerMilli }),
    // The same for memory and swap: no swap.
    ...(memoryBytes !== undefined && { Memory: memoryBytes, MemorySwap: memoryBytes }),
    ...(sharedMemoryBytes !== undefined && { ShmSize: sharedMemoryBytes }),
    ...(cpuset && { CpusetCpus: cpuset }),
    ...(numaNode !== undefined && { CpusetMems: String(numaNode) }),
  };
}

function mountSettings(mount: MountOrder) {
  if (mount.kind === 'folder')
    return {
      Type: 'bind',
      Source: mount.source,
      Target: mount.target,
      ReadOnly: mount.isReadOnly,
      BindOptions: { Propagation: 'rprivate' },
    };
  if (mount.kind === 'disk') return { Type: 'volume', Source: '', Target: mount.target };
  const { target, sizeBytes } = mount;
  return {
    Type: 'tmpfs',
    Source: '',
    Target: target,
    ...(sizeBytes !== undefined && { TmpfsOptions: { SizeBytes: sizeBytes, Mode: 0o1777 } }),
  };
}
