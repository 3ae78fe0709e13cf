import type { ConnectionLimits } from '@river/runtime';

/** What clients can have of a gateway. */
export const limits = {
  connection: {
    connections: 4_096,
    handshakes: 512,
    pipelined: 4,
    handshakeMs: 10_000,
    headersMs: 10_000,
    // A node's answer lasts as long as what it tells of.
    requestMs: 0,
    idleMs: 60_000,
    headerBytes: 16 * 1024,
  } satisfies ConnectionLimits,
  /** Streams of output, of one person and of all. */
  streams: { perClient: 64, total: 512 },
  /** What one node is asked for at once. */
  asksPerNode: 128,
  /** Questions of who somebody is and what they may, under way at the API server. */
  questions: { perClient: 64, total: 64 },
  /** How long a node that has no link is waited for: after a start of the gateway all come back within a moment. */
  awaitLinkMs: 4_000,
  /** How long a node may take to begin its answer. */
  answerMs: 15_000,
  /** How long an answer may be silent while its reader wants more; agents say something far more often. */
  silentMs: 30_000,
  /** How often it is asked anew whether a stream may go on; an answer is good for half as long. */
  rejudgeMs: 1_000,
  verdictMs: 500,
  /** How long a stream goes on while the API server cannot be asked. */
  unjudgedMs: 15_000,
  /** What a node may say of why it does not answer. */
  refusalBytes: 16 * 1024,
  /** Lines to a node that does not read them. */
  unreadBytes: 1 << 20,
};

export type Limits = typeof limits;
