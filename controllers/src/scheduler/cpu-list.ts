const mostCore = 8191;

/** The cores that `0-3,8` names, in order, each once. What a node writes is not believed: what is no core is left out. */
export function parseCpuList(text: string): number[] {
  const cores = new Set<number>();
  for (const part of text.split(',')) {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    for (let core = first; core <= Math.min(last, mostCore); core++) cores.add(core);
  }
  return [...cores].sort((left, right) => left - right);
}

/** Writes cores as the kernel does: `0-3,8`. */
export function formatCpuList(cores: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const core of cores.toSorted((left, right) => left - right)) {
    const range = ranges.at(-1);
    if (range && core <= range[1] + 1) range[1] = core;
    else ranges.push([core, core]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
