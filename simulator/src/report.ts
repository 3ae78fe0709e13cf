import type { Outcome } from './run-seed.ts';

const widest = 100;

/** What many runs have shown, for people. */
export function report(outcomes: readonly Outcome[], tookMs: number): { text: string; isGood: boolean } {
  const bad = outcomes.filter(({ failure }) => failure !== undefined);
  const counts = new Map<string, number>();
  for (const outcome of outcomes) for (const [what, count] of outcome.counts) counts.set(what, (counts.get(what) ?? 0) + count);
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const lines = [
    ...(outcomes.length > 1 ? seen(counts) : []),
    `${outcomes.length} seeds, ${bad.length} failed: ${sum(({ lines }) => lines)} events, ${sum(({ steps }) => steps)} steps, ` +
      `${Math.round(sum(({ virtualMs }) => virtualMs) / 60_000)} virtual minutes, in ${(tookMs / 1000).toFixed(1)} s`,
    ...(outcomes.length === 1 ? [`digest of the run: ${outcomes[0]?.digest}`] : []),
  ];
  return { text: `${lines.join('\n')}\n`, isGood: bad.length === 0 && outcomes.length > 0 };
}

/** What went wrong, and how to see it again. */
export const failed = ({ seed, failure, last, digest }: Outcome): string =>
  [
    `seed ${seed} FAILED: ${failure}`,
    'The last that happened:',
    ...last.map((line) => `  ${line}`),
    `again, the same: ./river sim --seed ${seed} --trace    (digest ${digest})`,
    '',
  ].join('\n');

/** Groups by their first words, each with what it has and how often. */
function seen(counts: ReadonlyMap<string, number>): string[] {
  const groups = new Map<string, [string, number][]>();
  for (const [what, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [group, rest] = groupOf(what);
    const known = groups.get(group) ?? [];
    groups.set(group, known);
    known.push([rest, count]);
  }
  return [...groups].flatMap(([group, all]) => [`${group}:`, ...wrapped(all.map(([what, count]) => `${what} ${count}`)), '']);
}

function groupOf(what: string): [string, string] {
  const [, group, rest] =
    /^((?:fault|people):|Task waits|Task reason|(?:Task|TaskSet|Placement|Node|Lease)(?: reason| waits)?) (.*)$/.exec(what) ?? [];
  return group === undefined || rest === undefined ? ['other', what] : [group.replace(/:$/, ''), rest];
}

function wrapped(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 3 > widest) lines.push(`  ${word}`);
    else lines[lines.length - 1] = `${last} · ${word}`;
  }
  return lines;
}
