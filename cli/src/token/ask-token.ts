import type { KubeObject } from '@river/crds';
import type { ApiClient } from '@river/runtime';
import { UsageError } from '../command/usage-error.ts';
import { parseDurationMs } from '../wait/duration.ts';

/** A token of an account, as it is asked for. */
export interface TokenWish {
  namespace: string;
  account: string;
  audiences: readonly string[];
  seconds: number | undefined;
  /** `KIND/NAME`. */
  boundTo: string | undefined;
}

export interface GivenToken {
  token: string;
  expirationTimestamp: string;
}

const apiVersions: Readonly<Record<string, [kind: string, apiVersion: string]>> = {
  secret: ['Secret', 'v1'],
  placement: ['Placement', 'river.dev/v1'],
  node: ['Node', 'river.dev/v1'],
};

export const parseSeconds = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const seconds = parseDurationMs(text) / 1000;
  if (!Number.isInteger(seconds) || seconds < 1 || text.startsWith('-'))
    throw new UsageError(`--duration must be whole seconds, such as 20m or 3600s, not "${text}"`);
  return seconds;
};

const boundObject = (text: string) => {
  const [kind = '', name = '', ...more] = text.split('/');
  const known = Object.hasOwn(apiVersions, kind.toLowerCase()) ? apiVersions[kind.toLowerCase()] : undefined;
  if (!known || name === '' || more.length > 0)
    throw new UsageError(`--for must be secret/NAME, placement/NAME or node/NAME, not "${text}"`);
  return { kind: known[0], apiVersion: known[1], name };
};

/** Asks the server for a token. What it gives is kept by nobody but the caller. */
export const askToken = async (client: ApiClient, wish: TokenWish): Promise<GivenToken> => {
  const { namespace, account, audiences, seconds, boundTo } = wish;
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      ...(audiences.length > 0 && { audiences }),
      ...(seconds !== undefined && { expirationSeconds: seconds }),
      ...(boundTo !== undefined && { boundObjectRef: boundObject(boundTo) }),
    },
  };
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}/token`;
  const answer = await client.json<KubeObject & { status: GivenToken }>({ method: 'POST', path, body });
  return answer.status;
};
