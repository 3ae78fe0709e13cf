import { dnsSubdomain } from '@river/crds';
import { CertificateError } from '../certificates/ensure-certificates.ts';
import { type ApiClient, apiClient } from '../client/api-client.ts';
import type { ClusterAccess } from '../kubeconfig/cluster-access.ts';
import { type Asking, askCertificate } from './ask-certificate.ts';
import { identityFolder, type NodeIdentity } from './identity-folder.ts';
import { authorityHash, type JoinToken, joinRequestPrefix } from './join-token.ts';
import { keyHash, longestNodeName, renewalPrefix } from './node-names.ts';

export interface Joining extends Asking {
  dir: string;
  /** `https://host:port` */
  server: string;
  token: JoinToken;
  node: string;
  expirationSeconds?: number;
  inventory?: string;
}

const callMs = 15_000;

/**
 * Makes this machine a node: gets to know the server's authority by the hash in the token, makes a key, asks for a certificate and
 * waits for it. May be killed at any point and repeated; what has been done is not done again.
 * @throws CertificateError that says what stands in the way
 */
export async function joinNode(joining: Joining): Promise<NodeIdentity> {
  const { dir, server, token, node, inventory, expirationSeconds } = joining;
  const wrong = node.length > longestNodeName ? `more than ${longestNodeName} characters` : dnsSubdomain(node).join('; ');
  if (wrong !== '') throw new CertificateError(`a node cannot be called ${JSON.stringify(node.slice(0, 300))}: ${wrong}`);
  if (!server.startsWith('https://')) throw new CertificateError(`${server} is not https://HOST:PORT`);
  const folder = identityFolder(dir);
  folder.mend();
  const joined = folder.read();
  if (joined) return requireSame(joined, joining);
  const authority = await learnAuthority(folder, joining);
  const key = folder.firstKey();
  const access = { server, certificateAuthority: authority, token: token.bearer, namespace: 'default' };
  const name = joinRequestPrefix(token.id) + keyHash(key);
  const wanted = { name, node, key, ...(inventory && { inventory }), ...(expirationSeconds !== undefined && { expirationSeconds }) };
  const certificate = await withClient(access, (client) => askCertificate(client, wanted, joining));
  return folder.keep({ server, authority, node, key, certificate });
}

function requireSame(joined: NodeIdentity, { dir, server, node }: Joining): NodeIdentity {
  if (joined.node === node && joined.access.server === server) return joined;
  throw new CertificateError(`${dir} belongs to the node ${joined.node} of ${joined.access.server}: choose another folder, or remove it`);
}

/** Asked for over a connection that nobody vouches for; the hash in the token does. Nothing secret is said before. */
async function learnAuthority(folder: ReturnType<typeof identityFolder>, { server, token, dir }: Joining): Promise<string> {
  const kept = folder.authority();
  const fetched = async () => {
    const { body } = await withClient({ server, insecureSkipTlsVerify: true, namespace: 'default' }, (client) =>
      client.request({ method: 'GET', path: '/ca.crt' }),
    );
    return body.toString();
  };
  const authority = kept ?? (await fetched());
  if (authorityHash(authority) !== token.authorityHash)
    throw new CertificateError(
      kept === undefined
        ? `${server} shows another authority than the one in the token: somebody may stand between, so nothing was sent to it`
        : `${dir} knows another authority than the one in the token: remove it to join another control plane`,
    );
  if (kept === undefined) folder.keepAuthority(authority);
  return authority;
}

async function withClient<T>(access: ClusterAccess, use: (client: ApiClient) => Promise<T>): Promise<T> {
  const client = apiClient(access, { userAgent: 'river-node', timeoutMs: callMs });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

export interface Renewing extends Asking {
  dir: string;
  expirationSeconds?: number;
}

/** Gets the next certificate for a key of its own. The old one is good until the new one has taken its place, in one step. */
export async function renewCertificate({ dir, expirationSeconds, ...asking }: Renewing): Promise<NodeIdentity> {
  const folder = identityFolder(dir);
  folder.mend();
  const identity = requireJoined(folder.read(), dir);
  const { node, access } = identity;
  const key = folder.nextKey();
  const wanted = { name: renewalPrefix(node) + keyHash(key), node, key, ...(expirationSeconds !== undefined && { expirationSeconds }) };
  const certificate = await withClient(access, (client) => askCertificate(client, wanted, asking));
  return folder.keep({ server: access.server, authority: access.certificateAuthority, node, key, certificate });
}

export function requireJoined(identity: NodeIdentity | undefined, dir: string): NodeIdentity {
  if (identity) return identity;
  throw new CertificateError(`${dir} holds no node's identity: join first, with riverctl node join`);
}
