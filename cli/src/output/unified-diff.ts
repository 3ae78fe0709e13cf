interface Edit {
  sign: ' ' | '-' | '+';
  line: string;
}

/** The furthest points that each number of edits reaches (Myers), kept to walk back from the end. */
const explore = (a: readonly string[], b: readonly string[]): Map<number, number>[] => {
  const trace: Map<number, number>[] = [];
  const reach = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= a.length + b.length; edits++) {
    trace.push(new Map(reach));
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return trace;
    }
  }
  return trace;
};

/** The shortest list of edits that turns `a` into `b`. */
const editsBetween = (a: readonly string[], b: readonly string[]): Edit[] => {
  const edits: Edit[] = [];
  let [x, y] = [a.length, b.length];
  for (const [steps, reach] of [...explore(a, b).entries()].reverse()) {
    const k = x - y;
    const down = k === -steps || (k !== steps && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const from = down ? k + 1 : k - 1;
    const [fromX, fromY] = [reach.get(from) ?? 0, (reach.get(from) ?? 0) - from];
    for (; x > Math.max(fromX, 0) && y > Math.max(fromY, 0); y--) edits.push({ sign: ' ', line: a[--x] ?? '' });
    if (steps > 0) edits.push(down ? { sign: '+', line: b[--y] ?? '' } : { sign: '-', line: a[--x] ?? '' });
  }
  return edits.reverse();
};

const near = 3;

/** Index ranges around the changes, with three lines of context, joined where they touch. */
const hunks = (edits: readonly Edit[]): [number, number][] => {
  const ranges: [number, number][] = [];
  for (const [at, { sign }] of edits.entries()) {
    if (sign === ' ') continue;
    const last = ranges.at(-1);
    if (last && at - near <= last[1]) last[1] = Math.min(at + near + 1, edits.length);
    else ranges.push([Math.max(at - near, 0), Math.min(at + near + 1, edits.length)]);
  }
  return ranges;
};

const span = (before: number, count: number): string => `${count === 0 ? before : before + 1}${count === 1 ? '' : `,${count}`}`;

/** A unified diff as `diff -u` prints it, or nothing when the texts are the same. */
export const unifiedDiff = (before: string, after: string, names: { before: string; after: string }): string => {
  const split = (text: string) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
  const edits = editsBetween(split(before), split(after));
  const count = (list: readonly Edit[], sign: Edit['sign']) => list.filter((edit) => edit.sign === sign || edit.sign === ' ').length;
  const body = hunks(edits).map(([from, to]) => {
    const [head, part] = [edits.slice(0, from), edits.slice(from, to)];
    const where = `@@ -${span(count(head, '-'), count(part, '-'))} +${span(count(head, '+'), count(part, '+'))} @@`;
    return [where, ...part.map(({ sign, line }) => sign + line)].join('\n');
  });
  return body.length === 0 ? '' : [`--- ${names.before}`, `+++ ${names.after}`, ...body, ''].join('\n');
};
