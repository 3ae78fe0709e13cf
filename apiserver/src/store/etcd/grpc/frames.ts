import { type Pieces, totalBytes } from '../protobuf/fields.ts';
import { GrpcError } from './grpc-error.ts';

/** A flag (0: not compressed) and the length. */
const HEAD_BYTES = 5;

export function frame(message: Pieces): Buffer {
  const length = totalBytes(message);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, ...message], HEAD_BYTES + length);
}

export interface FrameReader {
  /** @throws GrpcError for what is no frame or holds more than the limit. */
  push(chunk: Buffer): void;
  /** Nothing of a further frame has come. */
  isBetweenFrames(): boolean;
}

/** Puts together what comes in chunks. Holds only what came, whatever length was announced. */
export function frameReader(maxMessageBytes: number, onMessage: (message: Buffer) => void): FrameReader {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  /** How many bytes it takes until the next step is possible. */
  let wantedBytes = HEAD_BYTES;

  const lengthOf = (bytes: Buffer): number => {
    const length = bytes.readUInt32BE(1);
    if (bytes[0] !== 0) throw new GrpcError('INTERNAL', 'the answer is compressed or no gRPC');
    if (length > maxMessageBytes) throw new GrpcError('RESOURCE_EXHAUSTED', `a message of ${length} bytes is too large`);
    return length;
  };
  return {
    push(chunk) {
      waiting.push(chunk);
      waitingBytes += chunk.length;
      if (waitingBytes < wantedBytes) return;
      let bytes = waiting.length === 1 ? chunk : Buffer.concat(waiting, waitingBytes);
      wantedBytes = HEAD_BYTES;
      while (bytes.length >= HEAD_BYTES) {
        const end = HEAD_BYTES + lengthOf(bytes);
        if (bytes.length < end) {
          wantedBytes = end;
          break;
        }
        onMessage(bytes.subarray(HEAD_BYTES, end));
        bytes = bytes.subarray(end);
      }
      waiting = bytes.length > 0 ? [bytes] : [];
      waitingBytes = bytes.length;
    },
    isBetweenFrames: () => waitingBytes === 0,
  };
}
