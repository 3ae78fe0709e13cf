import type { OutputLine, OutputStream } from '@river/runtime';
import type { Context } from '../command/context.ts';

export interface OutputWriter {
  /** Each line to the stream that it was written to; resolves when there is room for more. */
  write(lines: readonly OutputLine[]): Promise<void>;
}

const newline = 0x0a;

/** Output as it was written, stdout to stdout and stderr to stderr; with its times before each line, if these are wanted. */
export function outputWriter(context: Pick<Context, 'writeBytes' | 'writeErrorBytes'>, hasTimes: boolean): OutputWriter {
  /** A long line comes in pieces: only the first has a time before it. */
  const isWithinLine: Record<OutputStream, boolean> = { stdout: false, stderr: false };
  const shown = ({ stream, timeNs, bytes }: OutputLine): Buffer[] => {
    const begins = !isWithinLine[stream];
    isWithinLine[stream] = bytes.at(-1) !== newline;
    return hasTimes && begins ? [Buffer.from(`${stampOf(timeNs)} `), bytes] : [bytes];
  };
  const put = (stream: OutputStream, pieces: Buffer[]) => {
    const bytes = Buffer.concat(pieces);
    return stream === 'stdout' ? context.writeBytes(bytes) : context.writeErrorBytes(bytes);
  };
  return {
    async write(lines) {
      let pieces: Buffer[] = [];
      for (const [at, line] of lines.entries()) {
        pieces.push(...shown(line));
        // What comes together in one stream goes out together.
        if (lines[at + 1]?.stream === line.stream) continue;
        await put(line.stream, pieces);
        pieces = [];
      }
    },
  };
}

/** `2026-01-01T00:00:00.123456789Z` */
function stampOf(timeNs: bigint): string {
  const iso = new Date(Number(timeNs / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${iso}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`;
}
