/** One line that a workload wrote, or a piece of a long one. */
export interface OutputLine {
  stream: 'stdout' | 'stderr';
  /** When the engine got it, in nanoseconds since 1970: later lines of a container never have smaller ones. */
  timeNs: bigint;
  bytes: Buffer;
}

export interface OutputQuery {
  streams?: readonly OutputLine['stream'][];
  /** Only the last lines. */
  tail?: number;
  /** Only what came after this time. */
  sinceNs?: bigint;
  /** Go on as it comes, until it has ended. */
  follow?: boolean;
}
