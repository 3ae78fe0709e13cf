/** A number in [0, 1). Passed in, so that a test or the simulator can choose it. */
export type Random = () => number;

/** The only file that rolls dice. Not for secrets. */
export const systemRandom: Random = () => Math.random();

/** `delayMs`, more or less by up to `share` of it: many clients that failed together do not return together. */
export const jittered = (delayMs: number, share: number, random: Random): number => delayMs * (1 - share + 2 * share * random());
