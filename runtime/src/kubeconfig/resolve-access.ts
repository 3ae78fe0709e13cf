import { isObject, type Json } from '@river/crds';
import type { ClusterAccess, ExecPlugin } from './cluster-access.ts';
import { KubeconfigError } from './kubeconfig-error.ts';
import type { AccessFlags } from './load-kubeconfig.ts';
import { type Entry, pathOf, textOf } from './parse-kubeconfig.ts';

type ReadFile = (path: string) => string;
type ClusterPart = Pick<ClusterAccess, 'server' | 'certificateAuthority' | 'insecureSkipTlsVerify' | 'tlsServerName'>;
type UserPart = Pick<ClusterAccess, 'clientCertificate' | 'token' | 'tokenFile' | 'exec' | 'basic' | 'impersonate'>;

export function resolveCluster(cluster: Entry | undefined, flags: AccessFlags, readFile: ReadFile): ClusterPart {
  if (cluster && textOf(cluster, 'proxy-url')) throw unsupported(cluster, 'proxy-url', 'reach the server directly, or through a tunnel');
  const insecure = flags.insecureSkipTlsVerify ?? cluster?.body['insecure-skip-tls-verify'] === true;
  const authority = flags.certificateAuthority
    ? read(flags.certificateAuthority, '--certificate-authority', readFile)
    : cluster && pemOf(cluster, 'certificate-authority', readFile);
  if (insecure && authority && flags.insecureSkipTlsVerify === undefined)
    throw new KubeconfigError(`${placeOf(cluster)}: certificate-authority and insecure-skip-tls-verify exclude each other: remove one`);
  const serverName = flags.tlsServerName ?? (cluster && textOf(cluster, 'tls-server-name'));
  return {
    server: serverUrl(flags.server ?? (cluster && textOf(cluster, 'server')), flags.server ? '--server' : `${placeOf(cluster)}: server`),
    ...(insecure && { insecureSkipTlsVerify: true }),
    ...(authority && !insecure && { certificateAuthority: authority }),
    ...(serverName && { tlsServerName: serverName }),
  };
}

export function resolveUser(
  user: Entry | undefined,
  flags: AccessFlags,
  readFile: ReadFile,
  pluginOf: (user: Entry) => ExecPlugin | undefined,
): UserPart {
  const impersonate = flags.as ? { user: flags.as, ...(flags.asGroup && { groups: flags.asGroup }) } : user && impersonationOf(user);
  const certificate = certificateOf(user, flags, readFile);
  const bearer = flags.token ? { token: flags.token } : user && bearerOf(user, readFile);
  const credentials = { ...(certificate && { clientCertificate: certificate }), ...bearer, ...(user && !bearer && basicOf(user)) };
  const exec = user && Object.keys(credentials).length === 0 ? pluginOf(user) : undefined;
  if (user?.body['auth-provider'] && !exec && Object.keys(credentials).length === 0)
    throw unsupported(user, 'auth-provider', 'use exec, a token or a client certificate');
  return { ...credentials, ...(exec && { exec }), ...(impersonate && { impersonate }) };
}

function bearerOf(user: Entry, readFile: ReadFile): Pick<ClusterAccess, 'token' | 'tokenFile'> | undefined {
  const token = textOf(user, 'token');
  const tokenFile = pathOf(user, 'tokenFile');
  if (tokenFile === undefined) return token === undefined ? undefined : { token };
  return { token: token ?? read(tokenFile, `${placeOf(user)}: tokenFile`, readFile).trim(), tokenFile };
}

function basicOf(user: Entry): Pick<ClusterAccess, 'basic'> | undefined {
  const username = textOf(user, 'username');
  return username === undefined ? undefined : { basic: { username, password: textOf(user, 'password') ?? '' } };
}

function certificateOf(user: Entry | undefined, flags: AccessFlags, readFile: ReadFile): ClusterAccess['clientCertificate'] {
  const certificate = flags.clientCertificate
    ? read(flags.clientCertificate, '--client-certificate', readFile)
    : user && pemOf(user, 'client-certificate', readFile);
  const key = flags.clientKey ? read(flags.clientKey, '--client-key', readFile) : user && pemOf(user, 'client-key', readFile);
  if (!certificate && !key) return undefined;
  if (certificate && key) return { certificate, key };
  throw new KubeconfigError(
    `${placeOf(user)}: ${certificate ? 'client-key' : 'client-certificate'} is missing: a client certificate needs both`,
  );
}

function impersonationOf(user: Entry): ClusterAccess['impersonate'] {
  const name = textOf(user, 'as');
  if (name === undefined) return undefined;
  const uid = textOf(user, 'as-uid');
  const groups = stringsOf(user.body['as-groups']);
  const extra = user.body['as-user-extra'];
  return {
    user: name,
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(isObject(extra) && { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, stringsOf(values)])) }),
  };
}

/** `<key>-data` (base64) wins over `<key>` (a path), as kubectl documents. */
function pemOf(entry: Entry, key: string, readFile: ReadFile): string | undefined {
  const data = textOf(entry, `${key}-data`);
  if (data === undefined) {
    const path = pathOf(entry, key);
    return path === undefined ? undefined : read(path, `${placeOf(entry)}: ${key}`, readFile);
  }
  const pem = Buffer.from(data, 'base64').toString('utf8');
  if (pem.includes('-----BEGIN ')) return pem;
  throw new KubeconfigError(`${placeOf(entry)}: ${key}-data is not a PEM in base64`);
}

function serverUrl(text: string | undefined, place: string): string {
  if (text === undefined) throw new KubeconfigError(`${place} is missing: set it to https://host:port`);
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (url && (url.protocol === 'https:' || url.protocol === 'http:'))
    return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
  throw new KubeconfigError(`${place} "${text}" is not an http or https address: set it to https://host:port`);
}

function read(path: string, place: string, readFile: ReadFile): string {
  try {
    return readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new KubeconfigError(`${place}: ${path} cannot be read (${code}): check the path and who may read it`, { cause });
  }
}

const placeOf = (entry: Entry | undefined) => (entry ? `${entry.file}: "${entry.name}"` : 'kubeconfig');
const stringsOf = (value: Json | undefined): string[] => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []);
const unsupported = (entry: Entry, key: string, way: string) => new KubeconfigError(`${placeOf(entry)}: ${key} is not supported: ${way}`);
