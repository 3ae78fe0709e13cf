import { arch } from 'node:os';
import type { Engine } from '../driver/docker/engine.ts';
import { engineCall, statusOf } from '../driver/docker/engine-call.ts';
import { listContainers, makeContainer } from '../driver/docker/engine-containers.ts';
import { hasImage } from '../driver/docker/has-image.ts';
import { labels } from '../driver/docker/labels.ts';
import { addressIn, inspect } from '../driver/docker/read-container.ts';
import { pauseArchive } from './pause-program.ts';

/** A network that is there before its workload: a container that holds a network namespace and does nothing else. */
export interface Sandbox {
  id: string;
  address?: string;
}

export interface SandboxEngineDeps {
  engine: Engine;
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

export function sandboxEngine({ engine, node, network, cgroups }: SandboxEngineDeps): SandboxEngine {
  let isImageThere = false;
  const ensureImage = async (signal: AbortSignal) => {
    if (isImageThere) return;
    const isThere = await engineCall('look at an image', quickMs, signal, (end) => hasImage(engine, image, end));
    if (!isThere) await engineCall('make the image of sandboxes', slowMs, signal, (end) => importImage(engine, end));
    isImageThere = true;
  };
  const look = async (id: string, signal: AbortSignal): Promise<Sandbox | undefined> => {
    try {
      const info = await engineCall('look at a sandbox', quickMs, signal, (end) => inspect(engine, id, end));
      if (!info.State.Running) return undefined;
      const address = addressIn(info);
      return { id, ...(address !== undefined && { address }) };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  };
  const remove = async (id: string, signal: AbortSignal) => {
    const call = engineCall('remove a sandbox', slowMs, signal, (end) =>
      engine.call('DELETE', `/containers/${id}`, { query: { force: true }, signal: end }),
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
      const id = await engineCall('make a sandbox', slowMs, signal, (end) =>
        makeContainer(engine, sandboxOptions({ node, network, cgroups }), undefined, end),
      );
      try {
        await engineCall('start a sandbox', slowMs, signal, (end) => engine.call('POST', `/containers/${id}/start`, { signal: end }));
        return (await look(id, signal)) ?? { id };
      } catch (error) {
        await remove(id, signal).catch(() => {});
        throw error;
      }
    },
    async list(signal) {
      const all = await engineCall('list containers', quickMs, signal, (end) => listContainers(engine, [`${labels.node}=${node}`], end));
      const ids = all.filter((each) => each.labels[labels.sandbox] !== undefined).map(({ id }) => id);
      const usedBy = new Map<string, { uid: string; namespace: string }>();
      for (const { networkMode, labels: own } of all) {
        const id = joined.exec(networkMode)?.[1];
        if (id !== undefined) usedBy.set(id, { uid: own[labels.uid] ?? '', namespace: own[labels.namespace] ?? '' });
      }
      return { ids, usedBy };
    },
  };
}

async function importImage(engine: Engine, signal: AbortSignal): Promise<void> {
  const [repo = '', tag = ''] = image.split(':');
  const query = { fromSrc: '-', repo, tag };
  for await (const _ of await engine.stream('POST', '/images/create', { query, body: pauseArchive(arch()), signal }));
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
