/** What a queue has used, kept so that it outlives the work that used it. */
export interface Usage {
  /** The share of the cluster, averaged over the time before `atMs`; what is `halfLifeMs` ago counts half. */
  share: number;
  atMs: number;
}

export const halfLifeMs = 24 * 3600 * 1000;

/** The average at `nowMs`, when since then the share has been `share`. A clock that was set back changes nothing. */
export function advanceUsage(usage: Usage | undefined, share: number, nowMs: number): Usage {
  if (!usage) return { share: 0, atMs: nowMs };
  const weight = 2 ** (-Math.max(0, nowMs - usage.atMs) / halfLifeMs);
  return { share: usage.share * weight + share * (1 - weight), atMs: Math.max(usage.atMs, nowMs) };
}

/** Where a Queue object keeps it over restarts. */
export const usageAnnotation = 'river.dev/usage';

export const formatUsage = ({ share, atMs }: Usage): string => `${share.toPrecision(6)}@${new Date(atMs).toISOString()}`;

/** What {@link formatUsage} wrote; anything else is no usage. */
export function parseUsage(text: string | undefined): Usage | undefined {
  const [, share = '', at = ''] = /^([0-9.e+-]{1,24})@(\S{1,40})$/.exec(text ?? '') ?? [];
  const usage = { share: Number(share), atMs: Date.parse(at) };
  return share !== '' && usage.share >= 0 && usage.share <= 1 && !Number.isNaN(usage.atMs) ? usage : undefined;
}
