import { isObject } from '@river/crds';
import type { ClusterAccess, ExecPlugin } from './cluster-access.ts';
import { KubeconfigError } from './kubeconfig-error.ts';
import type { Entry } from './parse-kubeconfig.ts';

const apiVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const modes = ['Never', 'IfAvailable', 'Always'] as const;

type Env = Readonly<Record<string, string | undefined>>;
type Cluster = Pick<ClusterAccess, 'server' | 'certificateAuthority' | 'tlsServerName' | 'insecureSkipTlsVerify'>;

/** The program that a user's `exec` names, which gives a credential when it is asked. @throws KubeconfigError */
export function execPluginOf({ name, file, body }: Entry, cluster: Cluster, env: Env): ExecPlugin | undefined {
  const { exec } = body;
  if (!isObject(exec)) return undefined;
  const place = `${file}: "${name}": exec`;
  const textOf = (key: string): string => (typeof exec[key] === 'string' ? exec[key] : '');
  const [command, apiVersion] = [textOf('command'), textOf('apiVersion')];
  if (command === '') throw new KubeconfigError(`${place}.command is missing: name the program that gives the credential`);
  if (!apiVersions.includes(apiVersion))
    throw new KubeconfigError(`${place}.apiVersion "${apiVersion}" is not supported: it must be ${apiVersions.join(' or ')}`);
  const mode = modes.find((each) => each === (textOf('interactiveMode') || 'IfAvailable'));
  if (!mode) throw new KubeconfigError(`${place}.interactiveMode must be ${modes.join(', ')}`);
  const args = Array.isArray(exec.args) ? exec.args.filter((arg) => typeof arg === 'string') : [];
  const given = (Array.isArray(exec.env) ? exec.env : [])
    .filter(isObject)
    .map(({ name: key, value }) => [String(key), String(value ?? '')]);
  const cause = exec.provideClusterInfo === true ? { cluster: clusterInfo(cluster) } : {};
  return {
    place,
    file,
    command,
    args,
    apiVersion,
    mode,
    hint: textOf('installHint'),
    env: { ...env, ...Object.fromEntries(given) },
    ...cause,
  };
}

const clusterInfo = ({ server, certificateAuthority, tlsServerName, insecureSkipTlsVerify }: Cluster) => ({
  server,
  ...(certificateAuthority && { 'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64') }),
  ...(tlsServerName && { 'tls-server-name': tlsServerName }),
  ...(insecureSkipTlsVerify && { 'insecure-skip-tls-verify': true }),
});
