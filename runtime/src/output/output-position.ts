import type { OutputLine, OutputQuery, OutputStream } from './output-line.ts';

/** Lines of different streams may be a little out of order, so a little more is asked for again than was seen last. */
const overlapNs = 2_000_000_000n;

/** How far somebody has read, so that another reading goes on there: nothing twice, nothing left out. */
export interface OutputPosition {
  /** What to ask for now. */
  query(): OutputQuery;
  /** For one reading of what {@link query} asks for: whether a line is new. It then counts as read. */
  reading(): (line: OutputLine) => boolean;
}

interface Mark {
  timeNs: bigint;
  /** How many lines of that very time have been read, since pieces of a long line share theirs. */
  count: number;
}

export function outputPosition(asked: OutputQuery): OutputPosition {
  const marks = new Map<OutputStream, Mark>();
  let firstNs: bigint | undefined;
  let newestNs = 0n;
  const note = ({ stream, timeNs }: OutputLine) => {
    const mark = marks.get(stream);
    if (mark?.timeNs === timeNs) mark.count++;
    else marks.set(stream, { timeNs, count: 1 });
    firstNs ??= timeNs;
    if (timeNs > newestNs) newestNs = timeNs;
  };
  return {
    query() {
      if (firstNs === undefined) return asked;
      const { tail, sinceNs = -1n, ...rest } = asked;
      // With a tail, what is older than the first line that was shown is not wanted.
      const floorNs = tail === undefined ? sinceNs : firstNs - 1n;
      const againNs = newestNs - overlapNs;
      return { ...rest, sinceNs: againNs > floorNs ? againNs : floorNs };
    },
    reading() {
      const before = new Map([...marks].map(([stream, mark]) => [stream, { ...mark }]));
      return (line) => {
        if (isOld(before, line)) return false;
        note(line);
        return true;
      };
    },
  };
}

/** Takes away the mark of a stream once it is passed: what then comes is new, whatever its time. */
function isOld(before: Map<OutputStream, Mark>, { stream, timeNs }: OutputLine): boolean {
  const mark = before.get(stream);
  if (!mark) return false;
  if (timeNs < mark.timeNs) return true;
  const isSame = timeNs === mark.timeNs;
  if (!isSame || --mark.count === 0) before.delete(stream);
  return isSame;
}
