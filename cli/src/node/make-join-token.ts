import { createHash, randomBytes } from 'node:crypto';
import type { KubeObject } from '@river/crds';
import { type ApiClient, authorityHash, joinTokenName, joinTokenNamespace, joinTokenType } from '@river/runtime';

export type TokenSecret = KubeObject & { type?: string; data?: Record<string, string>; stringData?: Record<string, string> };

export const tokenSecretsOf = (client: Pick<ApiClient, 'resource'>) =>
  client.resource<TokenSecret>({ group: '', version: 'v1', plural: 'secrets', namespaced: true });

const idLength = 10;
const letters = 'abcdefghijklmnopqrstuvwxyz234567';
const newId = (): string => Array.from(randomBytes(idLength), (byte) => letters[byte % letters.length]).join('');

/** What a join token is good for. */
export interface JoinChoice {
  node: string | undefined;
  addresses: readonly string[];
  untilMs: number;
  isAutomatic: boolean;
}

const secretFor = (id: string, secret: string, { node, addresses, untilMs, isAutomatic }: JoinChoice): TokenSecret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: joinTokenName(id), namespace: joinTokenNamespace },
  type: joinTokenType,
  stringData: {
    sha256: createHash('sha256').update(secret).digest('hex'),
    expiration: new Date(untilMs).toISOString(),
    approval: isAutomatic ? 'auto' : 'manual',
    ...(node !== undefined && { node }),
    ...(addresses.length > 0 && { addresses: addresses.join(',') }),
  },
});

/** Makes a token with which one machine may join. The server keeps its hash only. */
export async function makeJoinToken(client: ApiClient, choice: JoinChoice): Promise<{ id: string; token: string }> {
  const { body } = await client.request({ method: 'GET', path: '/ca.crt' });
  const [id, secret] = [newId(), randomBytes(32).toString('base64url')];
  await tokenSecretsOf(client).create(secretFor(id, secret, choice), { fieldManager: 'riverctl' });
  return { id, token: `${id}.${secret}.${authorityHash(body.toString())}` };
}
