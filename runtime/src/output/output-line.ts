/** One line that a workload wrote, or a piece of a long one. */
export interface OutputLine {
  stream: OutputStream;
  /** When the engine got it, in nanoseconds since 1970. Pieces of one line have the same. */
  timeNs: bigint;
  bytes: Buffer;
}

export type OutputStream = 'stdout' | 'stderr';

export interface OutputQuery {
  streams?: readonly OutputStream[];
  /** Only the last lines. */
  tail?: number;
  /** Only what came after this time. */
  sinceNs?: bigint;
  /** Go on as it comes, until it has ended. */
  follow?: boolean;
}
