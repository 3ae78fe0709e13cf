/** What is long goes out in pieces of this size, one at a time, at the pace of its reader. */
export const pieceBytes = 128 * 1024;

const mostSpare = 16;
const spare: Buffer[] = [];

/** Memory to put a piece together in. Made anew each time it would stay until the next collection finds it: many pieces between two collections. */
export const borrowPiece = (): Buffer => spare.pop() ?? Buffer.allocUnsafeSlow(pieceBytes);

/** Only once nobody reads it any more: what a failed write was given may still be in use, and is left to the collector. */
export function returnPiece(piece: Buffer): void {
  if (spare.length < mostSpare) spare.push(piece);
}
