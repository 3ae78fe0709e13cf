import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { beatFrame, type Clock, outputFrame } from '@river/runtime';
import type { OutputLine } from '../output/output-line.ts';

const batchBytes = 64 * 1024;
const beatMs = 5_000;

/**
 * Writes lines as frames, at the pace of who reads them; many small ones in one piece, none later than the others have come.
 * Says now and then that it is there while there is nothing to write.
 */
export async function sendOutput(lines: AsyncIterable<OutputLine>, to: Writable, clock: Clock, signal: AbortSignal): Promise<void> {
  let batch: Buffer[] = [];
  let bytes = 0;
  let isWriting = false;
  let flushing: NodeJS.Immediate | undefined;
  const write = () => {
    clearImmediate(flushing);
    flushing = undefined;
    if (bytes === 0) return true;
    const whole = Buffer.concat(batch, bytes);
    batch = [];
    bytes = 0;
    isWriting = true;
    return to.write(whole);
  };
  let cancel = () => {};
  const beat = () => {
    // Who reads slowly has enough that says so.
    if (!isWriting && !to.writableNeedDrain) to.write(beatFrame);
    isWriting = false;
    cancel = clock.after(beatMs, beat);
  };
  // At once, so that who reads knows that it has begun, though nothing may be said for long.
  beat();
  try {
    for await (const line of lines) {
      const frame = outputFrame(line);
      batch.push(frame);
      bytes += frame.length;
      flushing ??= setImmediate(write);
      if (bytes >= batchBytes) write();
      if (to.writableNeedDrain) await once(to, 'drain', { signal });
    }
    write();
  } finally {
    clearImmediate(flushing);
    cancel();
  }
}
