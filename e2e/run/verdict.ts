import type { Finding, Tally } from './run-tests.ts';

/** A test that may be skipped, and the words its reason must contain. */
export interface AllowedSkip {
  file: string;
  name: string;
  reason: string;
}

const isAllowed = (skip: Finding, allowed: readonly AllowedSkip[]): boolean =>
  allowed.some(({ file, name, reason }) => skip.file === file && skip.name.endsWith(name) && skip.detail.includes(reason));

/** The closing lines of a run: each skip with its reason, each failure again by name, and the count. A skip that is not allowed is a failure. */
export const verdict = (tally: Tally, allowed: readonly AllowedSkip[]): { lines: string[]; ok: boolean } => {
  const refused = tally.skipped.filter((skip) => !isAllowed(skip, allowed));
  const skips = tally.skipped.map((skip) => {
    const note = refused.includes(skip) ? ' (NOT ALLOWED: see e2e/run/allowed-skips.json)' : '';
    return `skipped ${skip.file}: ${skip.name}: ${skip.detail}${note}`;
  });
  const failures = tally.failed.map(({ file, name }) => `failed  ${file}: ${name}`);
  const nothing = tally.passed + tally.failed.length + tally.skipped.length === 0;
  const count = `${tally.passed} passed, ${tally.failed.length + refused.length} failed, ${tally.skipped.length - refused.length} skipped`;
  return {
    lines: [...skips, ...failures, ...(nothing ? ['no test was found'] : []), count],
    ok: tally.failed.length + refused.length === 0 && !nothing,
  };
};
