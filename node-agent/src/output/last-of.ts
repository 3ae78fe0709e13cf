import type { OutputLine } from './output-line.ts';

/** The last lines of what can be read twice: they are counted first, so that none is held. `open` is told which time it is. */
export async function* lastOf(count: number, open: (time: 'first' | 'second') => AsyncIterable<OutputLine>): AsyncGenerator<OutputLine> {
  let before = -count;
  for await (const _ of open('first')) before++;
  for await (const line of open('second')) if (before-- <= 0) yield line;
}
