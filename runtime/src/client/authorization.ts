import type { Clock } from '../clock/clock.ts';
import type { ClusterAccess } from '../kubeconfig/cluster-access.ts';

const rereadMs = 60_000;

/** The headers that say who asks, `given` being a token from elsewhere. A token file is read again each minute, since what writes it rotates it. */
export function authorization(
  access: ClusterAccess,
  clock: Clock,
  readFile: (path: string) => string,
): (given?: string) => Record<string, string | string[]> {
  const bearer = tokenSource(access, clock, readFile);
  const impersonation = impersonationHeaders(access.impersonate);
  const basic = access.basic && `Basic ${Buffer.from(`${access.basic.username}:${access.basic.password}`).toString('base64')}`;
  return (given) => {
    const token = given ?? bearer();
    const value = token ? `Bearer ${token}` : basic;
    return value ? { authorization: value, ...impersonation } : impersonation;
  };
}

function tokenSource(access: ClusterAccess, clock: Clock, readFile: (path: string) => string): () => string | undefined {
  const { tokenFile } = access;
  if (!tokenFile) return () => access.token;
  let token = access.token;
  let readAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - readAtMs < rereadMs) return token;
    readAtMs = nowMs;
    try {
      token = readFile(tokenFile).trim() || token;
    } catch (error) {
      // While the file is being replaced the last token still holds; without any, the person must know why.
      if (token === undefined) throw error;
    }
    return token;
  };
}

function impersonationHeaders(who: ClusterAccess['impersonate']): Record<string, string | string[]> {
  if (!who) return {};
  const extra = Object.entries(who.extra ?? {}).map(
    ([key, values]) => [`Impersonate-Extra-${encodeURIComponent(key.toLowerCase())}`, values] as const,
  );
  return {
    'Impersonate-User': who.user,
    ...(who.uid && { 'Impersonate-Uid': who.uid }),
    ...(who.groups && { 'Impersonate-Group': who.groups }),
    ...Object.fromEntries(extra),
  };
}
