const KiB = 1024;
const MiB = 1024 * KiB;

/** Every bound that keeps one client from taking what belongs to the others, and what a server keeps for those who come back. */
export const limits = {
  /** As in Kubernetes: the largest object that etcd takes is 1.5 MiB. */
  bodyBytes: 1.5 * MiB,
  requests: { perClient: 400, total: 800 },
  backups: { perClient: 1, total: 2 },
  watches: { perClient: 5_000, total: 20_000 },
  watcher: { bufferBytes: 4 * MiB, totalBufferBytes: 128 * MiB },
  heavy: { bytes: 32 * KiB, values: 8_000, mostValues: 50_000, mostWaiting: 16, restMsPerValue: 1 / 25 },
  /** From a request's first byte to its answer's last: who takes longer to read it is cut off. */
  responseMs: 120_000,
  watchDrainDeadlineMs: 30_000,
  watchCoalesceMs: 4,
  watchTurnMs: 5,
  shedMs: 100,
  watchSeconds: 30 * 60,
  bookmarkMs: 30_000,
  /** How long a watch may outlive the identity of who began it. */
  rejudgeMs: 1_000,
  history: { events: 10_000, bytes: 8 * MiB },
  primeRevisions: 5_000,
  feedPageSize: 1_000,
  feedRetryMs: 200,
  shutdownMs: 3_000,
  audit: {
    log: {
      fileBytes: 64 * MiB,
      fileMs: 24 * 3600 * 1000,
      waitingBytes: 8 * MiB,
      stallMs: 10_000,
      retryMs: 500,
      lingerMs: 5,
      syncMs: 1_000,
    },
    /** A day of refusals is 52 MiB for strangers all together, and for each user. */
    refused: { burst: 100, perSecond: 1, shares: 1_000, named: 10 },
  },
  connection: {
    connections: 12_000,
    handshakes: 1_000,
    pipelined: 16,
    handshakeMs: 5_000,
    headersMs: 10_000,
    requestMs: 60_000,
    idleMs: 90_000,
    headerBytes: 32 * KiB,
  },
};
