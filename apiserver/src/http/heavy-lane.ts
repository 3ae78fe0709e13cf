import type { ServerResponse } from 'node:http';
import { ApiError } from '@river/crds';
import type { Clock } from '@river/runtime';
import { outline } from '../decode/outline.ts';

/**
 * Where requests go one after the other whose objects have so many values that reading and checking them keeps the event loop
 * for long. Between two of them the loop belongs to everybody else, the longer the heavier the last one was.
 */
export interface HeavyLane {
  /**
   * Resolves when this text may be worked on: at once when it is light. The lane is held until the response is over.
   * @throws ApiError TooManyRequests, RequestEntityTooLarge
   */
  enter(bytes: Uint8Array, response: ServerResponse): Promise<void>;
}

export interface HeavyLimits {
  /** A text of more bytes is looked at for its values, of which more are heavy. */
  bytes: number;
  values: number;
  /** More are refused: one such object would hold everybody up for too long. */
  mostValues: number;
  mostWaiting: number;
  /** How long the lane rests for each value. */
  restMsPerValue: number;
}

export function heavyLane(limits: HeavyLimits, clock: Pick<Clock, 'after'>): HeavyLane {
  const waiting: (() => void)[] = [];
  const entered = new WeakSet<ServerResponse>();
  let isTaken = false;

  const next = () => {
    const resolve = waiting.shift();
    if (resolve) resolve();
    else isTaken = false;
  };
  const turn = (): Promise<void> => {
    if (waiting.length >= limits.mostWaiting) {
      throw new ApiError('TooManyRequests', 'too many very large objects are being worked on; try again later', {
        details: { retryAfterSeconds: 5 },
      });
    }
    if (isTaken) return new Promise((resolve) => waiting.push(resolve));
    isTaken = true;
    return Promise.resolve();
  };
  return {
    async enter(bytes, response) {
      if (bytes.length <= limits.bytes || entered.has(response)) return;
      const { values } = outline(bytes);
      if (values <= limits.values) return;
      if (values > limits.mostValues) throw tooMany(values, limits.mostValues);
      entered.add(response);
      await turn();
      const leave = () => void clock.after(values * limits.restMsPerValue, next);
      if (response.destroyed) leave();
      else response.once('close', leave);
    },
  };
}

const tooMany = (values: number, most: number): ApiError =>
  new ApiError('RequestEntityTooLarge', `Request entity too large: it has ${values} values or more, the limit is ${most}`);
