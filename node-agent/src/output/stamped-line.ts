import type { OutputLine } from './output-line.ts';

export class OutputError extends Error {
  override name = 'OutputError';
}

const longestFrame = 1 << 20;
const streams = { 1: 'stdout', 2: 'stderr' } as const;

/** `2026-01-01T00:00:00.123456789Z` in nanoseconds. */
export function parseStamp(text: string): bigint | undefined {
  const [, second, fraction = ''] = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z$/.exec(text) ?? [];
  if (second === undefined) return undefined;
  const ms = Date.parse(`${second}Z`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

export function formatStamp(timeNs: bigint): string {
  const iso = new Date(Number(timeNs / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${iso}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** Reads the engine's frames (stream, length, stamped line). Holds one unfinished frame and no more. */
export async function* parseFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<OutputLine> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (buffer.length - at >= 8) {
      const length = buffer.readUInt32BE(at + 4);
      if (length > longestFrame) throw new OutputError(`the engine sent a frame of ${length} bytes: more than a line can have`);
      if (buffer.length - at - 8 < length) break;
      const line = stampedLine(buffer[at], buffer.subarray(at + 8, at + 8 + length));
      at += 8 + length;
      if (line) yield line;
    }
    rest = Buffer.from(buffer.subarray(at));
  }
}

function stampedLine(kind: number | undefined, frame: Buffer): OutputLine | undefined {
  const stream = kind === 1 || kind === 2 ? streams[kind] : undefined;
  const space = frame.indexOf(0x20);
  const timeNs = space < 0 ? undefined : parseStamp(frame.toString('latin1', 0, space));
  return stream === undefined || timeNs === undefined ? undefined : { stream, timeNs, bytes: Buffer.from(frame.subarray(space + 1)) };
}
