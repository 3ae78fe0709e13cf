import type { ServerResponse } from 'node:http';
import { borrowPiece, pieceBytes, returnPiece } from '../pieces.ts';

/** Writes many parts as one body. What the reader has not taken is not yet copied. */
export async function writeParts(response: ServerResponse, parts: Iterable<Buffer>): Promise<void> {
  const piece = borrowPiece();
  let used = 0;
  for (const part of parts) {
    if (used > 0 && used + part.length > pieceBytes) {
      await written(response, piece.subarray(0, used));
      used = 0;
    }
    if (part.length > pieceBytes) await written(response, part);
    else used += part.copy(piece, used);
  }
  if (used > 0) await written(response, piece.subarray(0, used));
  returnPiece(piece);
}

/** Resolves when the bytes may be changed again. */
function written(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(Object.assign(new Error('the reader is gone'), { code: 'ERR_STREAM_PREMATURE_CLOSE' }));
    response.once('close', gone);
    response.write(bytes, (error) => {
      response.off('close', gone);
      if (error) reject(error);
      else resolve();
    });
  });
}
