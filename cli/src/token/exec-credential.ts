import { isObject, type Json } from '@river/crds';
import { type ApiClient, TransportError } from '@river/runtime';
import { CommandError } from '../command/exit-code.ts';
import { askToken, type GivenToken, type TokenWish } from './ask-token.ts';
import { isFresh, tokenCache } from './token-cache.ts';

const apiVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const [newest] = apiVersions;
const marker = 'RIVER_EXEC_CREDENTIAL';

/** Which form the client wants that has started this: it says so in the environment. @throws CommandError */
export const wantedVersion = (env: NodeJS.ProcessEnv): string => {
  const info = env.KUBERNETES_EXEC_INFO;
  if (!info) return newest ?? '';
  const said = readJson(info);
  const version = isObject(said) ? said.apiVersion : undefined;
  if (typeof version === 'string' && apiVersions.includes(version)) return version;
  throw new CommandError('usage', `KUBERNETES_EXEC_INFO asks for ${String(version)}: exec.apiVersion in the kubeconfig must be ${newest}`);
};

/**
 * Marks what is started from here on, so that a context whose credential comes from this very command ends with a word
 * and not with ever more processes.
 */
export const refuseCircles = (env: NodeJS.ProcessEnv): void => {
  if (env[marker])
    throw new CommandError(
      'usage',
      'this context asks for its own credential in a circle: name another with --context or --kubeconfig in exec.args',
    );
  env[marker] = '1';
};

export interface CachedWish extends TokenWish {
  /** Do not use what is kept. */
  isAnew: boolean;
}

/** The token that is kept while it is young, else one from the server; the old one, while it lasts, when the server cannot be reached. */
export const cachedToken = async (client: ApiClient, wish: CachedWish, env: NodeJS.ProcessEnv, nowMs: number): Promise<GivenToken> => {
  const { namespace, account, audiences, seconds, boundTo } = wish;
  const authority = client.certificateAuthority ?? '';
  const cache = tokenCache(env, [client.server, authority, namespace, account, audiences, seconds ?? 0, boundTo ?? '']);
  const kept = wish.isAnew ? undefined : cache.read(nowMs);
  if (kept && isFresh(kept, nowMs)) return kept;
  try {
    const given = await askToken(client, wish);
    cache.write(given, nowMs);
    return given;
  } catch (error) {
    if (kept && TransportError.is(error)) return kept;
    throw error;
  }
};

const readJson = (text: string): Json | undefined => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
