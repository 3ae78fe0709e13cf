import type { OutputLine, OutputStream } from './output-line.ts';

/** What output travels as, from its node to whoever reads it: frames of a header and bytes, as docs/gateway.md tells. */
export const outputType = 'application/vnd.river.output.v1';

export class FrameError extends Error {
  override name = 'FrameError';
}

/** Kind (0: a beat, 1: stdout, 2: stderr), three bytes of nothing, length of the bytes (32 bits), time (64 bits, ns since 1970); big-endian. */
const headerBytes = 16;
const longestFrame = 1 << 20;
const streamOf: Readonly<Record<number, OutputStream>> = { 1: 'stdout', 2: 'stderr' };

/** Says that the connection lives while nothing is written. */
export const beatFrame: Buffer = Buffer.alloc(headerBytes);

export function outputFrame({ stream, timeNs, bytes }: OutputLine): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + bytes.length);
  frame.writeUInt32BE(stream === 'stdout' ? 0x01000000 : 0x02000000, 0);
  frame.writeUInt32BE(bytes.length, 4);
  frame.writeBigUInt64BE(timeNs, 8);
  bytes.copy(frame, headerBytes);
  return frame;
}

export interface FrameReader {
  /** The lines that are whole by now. What is neither stdout nor stderr is passed over. @throws FrameError */
  read(chunk: Buffer): OutputLine[];
  /** Nothing of an unfinished frame is left. */
  readonly isAtEnd: boolean;
}

/** Reads frames however they are cut. Holds one unfinished frame and no more. */
export function frameReader(): FrameReader {
  let rest: Buffer = Buffer.alloc(0);
  return {
    get isAtEnd() {
      return rest.length === 0;
    },
    read(chunk) {
      const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const lines: OutputLine[] = [];
      let at = 0;
      while (buffer.length - at >= headerBytes) {
        const length = buffer.readUInt32BE(at + 4);
        if (length > longestFrame) throw new FrameError(`a frame of ${length} bytes: more than a line can have`);
        const end = at + headerBytes + length;
        if (buffer.length < end) break;
        const stream = streamOf[buffer[at] ?? 0];
        if (stream) lines.push({ stream, timeNs: buffer.readBigUInt64BE(at + 8), bytes: buffer.subarray(at + headerBytes, end) });
        at = end;
      }
      // A copy, so that the end of one frame does not hold all of a large chunk.
      rest = Buffer.from(buffer.subarray(at));
      return lines;
    },
  };
}
