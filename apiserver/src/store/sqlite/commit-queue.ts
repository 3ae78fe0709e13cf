import { type Check, type StoredEntry, StoreError, type StoreEvent, type TxnResult, type Write } from '../store.ts';
import { type CommitReply, type CommitRequest, type Met, pack, type TxnReply, taking, unpack } from './messages.ts';

/** Group commit: every txn that comes in while a commit runs is in the next one, together with all the others. */
export interface CommitQueue {
  add(checks: readonly Check[], writes: readonly Write[]): Promise<TxnResult>;
  /** Resolves when nothing is queued or running. */
  drained(): Promise<void>;
}

export interface CommitQueueDeps {
  commit(request: CommitRequest): Promise<CommitReply>;
  /** Called once per commit, before its txns resolve. */
  committed(events: StoreEvent[], revision: bigint): void;
}

interface Pending {
  checks: readonly Check[];
  writes: readonly Write[];
  bytes: number;
  resolve(result: TxnResult): void;
  reject(error: unknown): void;
}

const MAX_PENDING = 20_000;
const MAX_COMMIT_TXNS = 1_000;
const MAX_COMMIT_BYTES = 16 << 20;

export function commitQueue({ commit, committed }: CommitQueueDeps): CommitQueue {
  const pending: Pending[] = [];
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    // One turn of the microtask queue, so that txns started together are committed together.
    await undefined;
    while (pending.length > 0) await commitBatch(pending.splice(0, batchLength(pending)));
    running = undefined;
  };

  const commitBatch = async (batch: Pending[]): Promise<void> => {
    try {
      const reply = await commit(requestFor(batch));
      settle(batch, reply);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const settle = (batch: Pending[], reply: CommitReply): void => {
    const take = taking(unpack(reply.values));
    const results = reply.txns.map((txn) => ({ txn, met: entriesOf(txn.met, take(txn.met.length)) }));
    const events = results.flatMap(({ txn, met }, index) => eventsOf(batch[index]?.writes ?? [], txn, met));
    if (events.length > 0) committed(events, BigInt(reply.revision));
    for (const [index, { txn, met }] of results.entries()) batch[index]?.resolve(resultOf(txn, met));
  };

  return {
    add(checks, writes) {
      if (pending.length >= MAX_PENDING) {
        return Promise.reject(new StoreError('Unavailable', `${MAX_PENDING} writes wait for the disk: try again later`));
      }
      const bytes = writes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
      const result = new Promise<TxnResult>((resolve, reject) => pending.push({ checks, writes, bytes, resolve, reject }));
      running ??= run();
      return result;
    },
    async drained() {
      while (running) await running;
    },
  };
}

function batchLength(pending: readonly Pending[]): number {
  let bytes = 0;
  let length = 0;
  for (const each of pending) {
    bytes += each.bytes;
    if (length > 0 && (length >= MAX_COMMIT_TXNS || bytes > MAX_COMMIT_BYTES)) break;
    length += 1;
  }
  return length;
}

const requestFor = (batch: readonly Pending[]): CommitRequest => ({
  kind: 'commit',
  txns: batch.map(({ checks, writes }) => ({
    checks: checks.map(({ key, revision }) => ({ key, revision: Number(revision) })),
    keys: writes.map(({ key }) => key),
  })),
  values: pack(batch.flatMap(({ writes }) => writes.map(({ value }) => value))),
});

type MetEntry = [key: string, entry: StoredEntry | undefined];

const entriesOf = (met: readonly Met[], values: readonly (Uint8Array | null)[]): MetEntry[] =>
  met.map(({ key, revision }, at) => [
    key,
    revision === 0 ? undefined : { key, value: values[at] ?? new Uint8Array(), revision: BigInt(revision) },
  ]);

function eventsOf(writes: readonly Write[], { ok, revision }: TxnReply, met: readonly MetEntry[]): StoreEvent[] {
  if (!ok) return [];
  return writes.flatMap(({ key, value }, at): StoreEvent[] => {
    const previous = met[at]?.[1] ?? null;
    if (value === null && previous === null) return [];
    return [{ type: value === null ? 'delete' : 'put', key, value, previous, revision: BigInt(revision) }];
  });
}

const resultOf = ({ ok, revision }: TxnReply, met: readonly MetEntry[]): TxnResult =>
  ok ? { ok, revision: BigInt(revision) } : { ok, revision: BigInt(revision), conflicts: new Map(met) };
