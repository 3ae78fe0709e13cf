import { readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { ClusterAccess } from './cluster-access.ts';
import { execPluginOf } from './exec-entry.ts';
import { inClusterAccess } from './in-cluster-access.ts';
import { KubeconfigError } from './kubeconfig-error.ts';
import { type Entry, type Kubeconfig, mergeKubeconfigs, parseKubeconfig, textOf } from './parse-kubeconfig.ts';
import { resolveCluster, resolveUser } from './resolve-access.ts';

/** kubectl's own flags, under their own names. A flag wins over what the files say. */
export interface AccessFlags {
  kubeconfig?: string;
  context?: string;
  cluster?: string;
  user?: string;
  namespace?: string;
  server?: string;
  token?: string;
  certificateAuthority?: string;
  clientCertificate?: string;
  clientKey?: string;
  tlsServerName?: string;
  insecureSkipTlsVerify?: boolean;
  as?: string;
  asGroup?: string[];
}

export interface KubeconfigSources {
  env: Readonly<Record<string, string | undefined>>;
  flags?: AccessFlags;
  /** @throws with code ENOENT when there is no such file. */
  readFile?: (path: string) => string;
}

/**
 * Finds the API server as kubectl does: `--kubeconfig`, else the files of KUBECONFIG merged, else `~/.kube/config`, else the
 * service account of the pod that this runs in; then the context, and the flags on top.
 * @throws KubeconfigError that names the file, the key and the way out.
 */
export async function loadKubeconfig(sources: KubeconfigSources): Promise<ClusterAccess> {
  const { env, flags = {}, readFile = (path: string) => readFileSync(path, 'utf8') } = sources;
  const files = kubeconfigFiles(env, flags);
  const config = mergeKubeconfigs(await readAll(files.paths, files.required, readFile));
  const context = pickContext(config, flags, files.paths);
  if (!context && !flags.server && !flags.cluster && config.clusters.size === 0) {
    const access = inClusterAccess(env, readFile);
    if (access) return { ...access, ...(flags.namespace && { namespace: flags.namespace }), ...(flags.token && { token: flags.token }) };
  }
  const cluster = pick(config.clusters, 'cluster', flags.cluster ?? (context && textOf(context, 'cluster')), context);
  const user = pick(config.users, 'user', flags.user ?? (context && textOf(context, 'user')), context);
  if (!cluster && !flags.server) throw new KubeconfigError(nothingConfigured(config, files.paths));
  const reached = resolveCluster(cluster, flags, readFile);
  return {
    ...reached,
    ...resolveUser(user, flags, readFile, (entry) => execPluginOf(entry, reached, env)),
    namespace: flags.namespace ?? (context && textOf(context, 'namespace')) ?? 'default',
    ...(context && { context: context.name }),
  };
}

/** The files that would be read, in order; the first is where a new one would be written. */
export function kubeconfigFiles(
  env: Readonly<Record<string, string | undefined>>,
  flags: Pick<AccessFlags, 'kubeconfig'> = {},
): { paths: string[]; required: boolean } {
  if (flags.kubeconfig) return { paths: [resolve(flags.kubeconfig)], required: true };
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) return { paths: [...new Set(listed)].map((path) => resolve(path)), required: false };
  return { paths: [join(env.HOME ?? env.USERPROFILE ?? '/', '.kube', 'config')], required: false };
}

async function readAll(paths: string[], required: boolean, readFile: (path: string) => string): Promise<Kubeconfig[]> {
  const configs: Kubeconfig[] = [];
  for (const path of paths) {
    const text = readText(path, required, readFile);
    if (text !== undefined) configs.push(await parseKubeconfig(text, path));
  }
  return configs;
}

function readText(path: string, required: boolean, readFile: (path: string) => string): string | undefined {
  try {
    return readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' && !required) return undefined;
    throw new KubeconfigError(`${path}: cannot be read (${code ?? cause}): check the path, or unset KUBECONFIG and --kubeconfig`, {
      cause,
    });
  }
}

function pickContext(config: Kubeconfig, flags: AccessFlags, paths: string[]): Entry | undefined {
  const name = flags.context ?? config.currentContext;
  if (name === undefined) return undefined;
  const context = config.contexts.get(name);
  if (context || (flags.context === undefined && flags.server)) return context;
  const source = flags.context === undefined ? 'current-context' : '--context';
  throw new KubeconfigError(`${paths.join(', ')}: ${source} "${name}" does not exist: ${choices('contexts', config.contexts)}`);
}

function pick(entries: Map<string, Entry>, what: string, name: string | undefined, context: Entry | undefined): Entry | undefined {
  if (name === undefined) return undefined;
  const entry = entries.get(name);
  if (entry) return entry;
  const place = context ? `${context.file}: context "${context.name}"` : `--${what}`;
  throw new KubeconfigError(`${place} names ${what} "${name}", which does not exist: ${choices(`${what}s`, entries)}`);
}

const choices = (what: string, entries: Map<string, Entry>) =>
  entries.size === 0 ? `there are no ${what}` : `${what} are ${[...entries.keys()].join(', ')}`;

const nothingConfigured = (config: Kubeconfig, paths: string[]) =>
  config.contexts.size > 0
    ? `${paths.join(', ')}: current-context is not set: pass --context, ${choices('contexts', config.contexts)}`
    : `no cluster is configured in ${paths.join(', ')}: set KUBECONFIG, or pass --kubeconfig or --server`;
