const kubeVersion = /^v(\d+)(?:(alpha|beta)(\d+))?$/;

interface Rank {
  stability: number;
  major: number;
  minor: number;
}

function rankOf(version: string): Rank | undefined {
  const match = kubeVersion.exec(version);
  if (!match) return undefined;
  const stability = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return { stability, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}

/**
 * Orders version names as Kubernetes does, the preferred one first: stable before beta before alpha, then the higher number.
 * Names of any other form come last, by the alphabet.
 */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [rankOf(a), rankOf(b)];
  if (x && y) return y.stability - x.stability || y.major - x.major || y.minor - x.minor;
  if (x || y) return x ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
