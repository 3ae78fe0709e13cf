import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError, isObject, type KubeObject } from '@river/crds';
import { type ApiClient, type CertificateHolder, completed, readPerson } from '@river/runtime';

/** Who asks, as the API server knows them. */
export interface Requester {
  username: string;
  groups: readonly string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

export interface IdentifyDeps {
  client: Pick<ApiClient, 'json' | 'resource'>;
  holderOf(socket: Socket): CertificateHolder | undefined;
  /** As in {@link briefly}. */
  once(key: string, ask: () => Promise<Requester | undefined>): Promise<Requester | undefined>;
}

/** Says who a request is from, by its connection's certificate or by its token, as the API server would. @throws ApiError Unauthorized */
export type Identify = (request: IncomingMessage) => Promise<Requester>;

const bearer = /^Bearer +(\S+)$/i;
const users = { group: 'river.dev', version: 'v1', plural: 'users', namespaced: false };

export function identify({ client, holderOf, once }: IdentifyDeps): Identify {
  const withRecord = async ({ username, groups }: CertificateHolder): Promise<Requester | undefined> => {
    const who = { username, groups: [...new Set([...groups, 'system:authenticated'])] };
    const record = await recordOf(client, username);
    return completed(who, record && readPerson(record));
  };
  const find = async (request: IncomingMessage): Promise<Requester | undefined> => {
    const holder = holderOf(request.socket);
    if (holder) return once(`certificate ${JSON.stringify([holder.username, holder.groups])}`, () => withRecord(holder));
    const token = bearer.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    return once(`token ${createHash('sha256').update(token).digest('base64')}`, () => ownerOf(client, token));
  };
  return async (request) => {
    refuseImpersonation(request);
    const found = await find(request);
    if (!found) throw new ApiError('Unauthorized', 'Unauthorized');
    return found;
  };
}

/** Nobody is to take what is shown for what somebody else may see. */
function refuseImpersonation({ headers }: IncomingMessage): void {
  if (Object.keys(headers).some((name) => name.startsWith('impersonate-')))
    throw new ApiError('BadRequest', 'a gateway shows output only in one’s own name: leave --as and the like out');
}

async function recordOf(client: IdentifyDeps['client'], username: string): Promise<KubeObject | undefined> {
  try {
    return await client.resource(users).get(username);
  } catch (error) {
    // Neither is there a record of a name that none can have, nor are there records on every API server.
    if (ApiError.is(error, 'NotFound') || ApiError.is(error, 'BadRequest')) return undefined;
    throw error;
  }
}

async function ownerOf(client: IdentifyDeps['client'], token: string): Promise<Requester | undefined> {
  const { status } = await client.json<KubeObject>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token } },
  });
  const user = isObject(status) && status.authenticated === true ? status.user : undefined;
  if (!isObject(user) || typeof user.username !== 'string') return undefined;
  // What the API server says of its users is as it says: groups are texts.
  const { username, groups = [], uid, extra } = user as unknown as Requester;
  return { username, groups, ...(uid && { uid }), ...(extra && { extra }) };
}
