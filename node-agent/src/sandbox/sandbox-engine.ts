import { arch } from 'node:os';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { engineCall, statusOf } from '../driver/docker/engine-call.ts';
import { labels } from '../driver/docker/labels.ts';
import { pauseArchive } from './pause-program.ts';

/** A network that is there before its workload: a container that holds a network namespace and does nothing else. */
export interface Sandbox {
  id: string;
  address?: string;
}

export interface SandboxEngineDeps {
  docker: Docker;
  node: string;
  /** The engine's network that gives addresses. */
  network: string;
  cgroups: { others: string };
}

/** Containers that hold networks, and what workloads use them. */
export interface SandboxEngine {
  make(signal: AbortSignal): Promise<Sandbox>;
  /** Nothing when it does not run. */
  look(id: string, signal: AbortSignal): Promise<Sandbox | undefined>;
  remove(id: string, signal: AbortSignal): Promise<void>;
  /** All of this node's, and which workload each is used by. */
  list(signal: AbortSignal): Promise<{ ids: string[]; usedBy: Map<string, { uid: string; namespace: string }> }>;
}

const image = `river.dev/sandbox:1-${arch()}`;
const quickMs = 15_000;
const slowMs = 60_000;
const joined = /^container:([0-9a-f]{12,64})$/;

export function sandboxEngine({ docker, node, network, cgroups }: SandboxEngineDeps): SandboxEngine {
  let hasImage = false;
  const ensureImage = async (signal: AbortSignal) => {
    if (hasImage) return;
    const isThere = await engineCall('look at an image', quickMs, signal, () => docker.getImage(image).inspect()).then(
      () => true,
      (error) => {
        if (statusOf(error) === 404) return false;
        throw error;
      },
    );
    if (!isThere) await engineCall('make the image of sandboxes', slowMs, signal, () => importImage(docker));
    hasImage = true;
  };
  const look = async (id: string, signal: AbortSignal): Promise<Sandbox | undefined> => {
    try {
      const info = await engineCall('look at a sandbox', quickMs, signal, (abortSignal) =>
        docker.getContainer(id).inspect({ abortSignal }),
      );
      if (!info.State.Running) return undefined;
      const address = Object.values(info.NetworkSettings.Networks)[0]?.IPAddress;
      return { id, ...(address && { address }) };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  };
  const remove = async (id: string, signal: AbortSignal) => {
    const call = engineCall('remove a sandbox', slowMs, signal, (abortSignal) =>
      docker.getContainer(id).remove({ force: true, abortSignal }),
    );
    await call.catch((error) => {
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
    });
  };
  return {
    look,
    remove,
    async make(signal) {
      await ensureImage(signal);
      const container = await engineCall('make a sandbox', slowMs, signal, (abortSignal) =>
        docker.createContainer({ ...sandboxOptions({ node, network, cgroups }), abortSignal }),
      );
      try {
        await engineCall('start a sandbox', slowMs, signal, (abortSignal) => container.start({ abortSignal }));
        return (await look(container.id, signal)) ?? { id: container.id };
      } catch (error) {
        await remove(container.id, signal).catch(() => {});
        throw error;
      }
    },
    async list(signal) {
      const all = await engineCall('list containers', quickMs, signal, (abortSignal) =>
        docker.listContainers({ all: true, filters: { label: [`${labels.node}=${node}`] }, abortSignal }),
      );
      const ids = all.filter(({ Labels }) => Labels[labels.sandbox] !== undefined).map(({ Id }) => Id);
      const usedBy = new Map<string, { uid: string; namespace: string }>();
      for (const { HostConfig, Labels } of all) {
        const id = joined.exec(HostConfig.NetworkMode ?? '')?.[1];
        if (id !== undefined) usedBy.set(id, { uid: Labels[labels.uid] ?? '', namespace: Labels[labels.namespace] ?? '' });
      }
      return { ids, usedBy };
    },
  };
}

async function importImage(docker: Docker): Promise<void> {
  const [repo = '', tag = ''] = image.split(':');
  const answer = await docker.importImage(Readable.from([pauseArchive(arch())]), { repo, tag });
  for await (const _ of answer);
}

const sandboxOptions = ({ node, network, cgroups }: Pick<SandboxEngineDeps, 'node' | 'network' | 'cgroups'>) => ({
  Image: image,
  Entrypoint: ['/pause'],
  Labels: { [labels.node]: node, [labels.sandbox]: 'true' },
  HostConfig: {
    NetworkMode: network,
    CgroupParent: cgroups.others,
    RestartPolicy: { Name: 'no' },
    LogConfig: { Type: 'none', Config: {} },
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    PidsLimit: 4,
    IpcMode: 'none',
  },
});
