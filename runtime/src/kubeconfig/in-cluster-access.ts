import type { ClusterAccess } from './cluster-access.ts';

const mount = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The access that Kubernetes gives to every pod, or undefined where this is not one. */
export function inClusterAccess(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): ClusterAccess | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) return undefined;
  try {
    return {
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      certificateAuthority: readFile(`${mount}/ca.crt`),
      token: readFile(`${mount}/token`).trim(),
      tokenFile: `${mount}/token`,
      namespace: readFile(`${mount}/namespace`).trim() || 'default',
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
