import { hostname } from 'node:os';
import { parseArgs } from 'node:util';

export class UsageError extends Error {
  override name = 'UsageError';
}

export interface AgentOptions {
  server: string | undefined;
  token: string | undefined;
  tokenFile: string | undefined;
  node: string;
  dir: string;
  dockerSocket: string;
  dockerNetwork: string;
  cgroup: string;
  memoryDir: string;
  sharedDir: string | undefined;
  hostPaths: readonly string[];
  allowsPrivileged: boolean;
  allowsHostNetwork: boolean;
  warmSandboxes: number;
  /** Say what can be said, and do nothing. */
  wantsHelp: boolean;
}

export const usage = `Usage: ./river agent --server URL --token-file FILE [options]

  --server URL            the API server; needed to join
  --token-file FILE       the join token (riverctl node join-token); - is stdin. RIVER_JOIN_TOKEN works too, and so does
                          --token TOKEN, which others on this machine can see
  --name NAME             of the node (default: of the host)
  --dir DIR               identity, journal and output (default /var/lib/river/node)
  --docker-socket PATH    the container engine (default /var/run/docker.sock)
  --docker-network NAME   the engine's network that gives workloads their addresses (default bridge)
  --cgroup NAME           begins the names of the cgroups of workloads (default river)
  --memory-dir DIR        a folder in memory, for files with secrets (default /run/river)
  --shared DIR            where this machine sees the site's shared storage
  --allow-mount DIR       a folder that workloads may be shown; may be given again
  --allow-privileged      privileged workloads may run here
  --allow-host-network    workloads may use this machine's network
  --warm-sandboxes N      networks made ready before they are asked for (default 4)
`;

/** @throws UsageError */
export function parseOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): AgentOptions {
  const text = { type: 'string' as const };
  const yes = { type: 'boolean' as const };
  const options = {
    server: text,
    token: text,
    'token-file': text,
    name: text,
    dir: text,
    'docker-socket': text,
    'docker-network': text,
    cgroup: text,
    'memory-dir': text,
    shared: text,
    'allow-mount': { type: 'string' as const, multiple: true as const },
    'allow-privileged': yes,
    'allow-host-network': yes,
    'warm-sandboxes': text,
    help: yes,
  };
  const { values } = parse(() => parseArgs({ args: [...args], options, strict: true }));
  const hostPaths = values['allow-mount'] ?? [];
  const folders = [...hostPaths, values.shared, values.dir, values['memory-dir']];
  const relative = folders.find((path) => path !== undefined && !path.startsWith('/'));
  if (relative !== undefined) throw new UsageError(`${relative} is not an absolute path`);
  const warm = values['warm-sandboxes'] ?? '4';
  if (!/^[0-9]{1,2}$/.test(warm)) throw new UsageError('--warm-sandboxes takes a number from 0 to 99');
  const cgroup = values.cgroup ?? 'river';
  if (!/^[a-z0-9]{1,40}$/.test(cgroup)) throw new UsageError('--cgroup takes small letters and digits, at most 40');
  return {
    server: values.server?.replace(/\/+$/, ''),
    token: values.token ?? env.RIVER_JOIN_TOKEN,
    tokenFile: values['token-file'],
    node: values.name ?? hostname().toLowerCase(),
    dir: values.dir ?? '/var/lib/river/node',
    dockerSocket: values['docker-socket'] ?? '/var/run/docker.sock',
    dockerNetwork: values['docker-network'] ?? 'bridge',
    cgroup,
    memoryDir: values['memory-dir'] ?? '/run/river',
    sharedDir: values.shared,
    hostPaths,
    allowsPrivileged: values['allow-privileged'] ?? false,
    allowsHostNetwork: values['allow-host-network'] ?? false,
    warmSandboxes: Number(warm),
    wantsHelp: values.help ?? false,
  };
}

function parse<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) throw new UsageError(error.message);
    throw error;
  }
}
