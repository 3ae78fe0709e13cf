import type { DockerDriverDeps } from '../driver/docker/docker-driver.ts';
import type { SandboxPool } from './sandbox-pool.ts';

const modes: Readonly<Record<string, string>> = { Host: 'host', None: 'none' };

/** The network of each workload: the node's, none, or that of a sandbox. */
export function workloadNetwork(pool: Pick<SandboxPool, 'enter' | 'leave' | 'addressOf'>): DockerDriverDeps['network'] {
  return {
    async enter({ uid, namespace, network }) {
      const mode = modes[network];
      if (mode !== undefined) return mode;
      return `container:${(await pool.enter(uid, namespace)).id}`;
    },
    leave: (uid, wasPrivileged) => pool.leave(uid, !wasPrivileged),
    addressOf: pool.addressOf,
  };
}
