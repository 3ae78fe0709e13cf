import type { World } from './world.ts';

/** Something that somebody does, or that befalls something, at a time. */
export interface Act {
  atMs: number;
  /** For the trace and for the count of what was seen. */
  name: string;
  do(world: World): void;
}
