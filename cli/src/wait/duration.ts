import { UsageError } from '../command/usage-error.ts';

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `30s`, `1h30m`, `500ms`, or a number of seconds; in milliseconds. Below zero means a week, as kubectl has it. */
export const parseDurationMs = (text: string): number => {
  if (/^-/.test(text)) return 7 * 24 * 3_600_000;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw new UsageError(`"${text}" is no duration: write 30s, 5m or 1h30m`);
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0),
    0,
  );
};
