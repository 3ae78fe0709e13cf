import { ApiError } from '@river/crds';

/** Bounds how much one client, and all together, may have under way at once. */
export interface InFlight {
  /** @throws ApiError TooManyRequests; otherwise gives back the function that ends the request, which may count for several. */
  enter(client: string, weight?: number): () => void;
}

export interface InFlightLimits {
  perClient: number;
  total: number;
}

export function inFlight({ perClient, total }: InFlightLimits, what: string): InFlight {
  const counts = new Map<string, number>();
  let sum = 0;
  return {
    enter(client, weight = 1) {
      const count = counts.get(client) ?? 0;
      if (count + weight > perClient || sum + weight > total) {
        throw new ApiError('TooManyRequests', `too many ${what} under way (${count} of this client, ${sum} in all); try again later`, {
          details: { retryAfterSeconds: 1 },
        });
      }
      counts.set(client, count + weight);
      sum += weight;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        sum -= weight;
        const left = (counts.get(client) ?? weight) - weight;
        if (left === 0) counts.delete(client);
        else counts.set(client, left);
      };
    },
  };
}
