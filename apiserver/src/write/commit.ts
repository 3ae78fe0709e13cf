import { ApiError } from '@river/crds';
import { type Check, type Store, StoreError, type TxnResult, type Write } from '../store/store.ts';

const retryAfterSeconds = 1;

/** What a failing store means to a client: may it try again, and may the write have happened? */
export function storeFailure(error: unknown, isWrite: boolean): unknown {
  if (!StoreError.is(error)) return error;
  const options = { cause: error, details: { retryAfterSeconds } };
  switch (error.reason) {
    case 'Full':
      return new ApiError('ServiceUnavailable', `the store is full and nothing was written: ${error.message}`, options);
    case 'Unreadable':
      return new ApiError('InternalError', error.message, { cause: error });
    case 'Compacted':
      return new ApiError('Expired', 'The provided resource version is no longer kept: list again without it', { cause: error });
    case 'FutureRevision':
      return new ApiError('Timeout', `Too large resource version: ${error.message}`, {
        cause: error,
        details: { retryAfterSeconds, causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }] },
      });
    default:
      return isWrite
        ? new ApiError('Timeout', `the store did not answer, so the write may or may not have happened: ${error.message}`, options)
        : new ApiError('ServiceUnavailable', `the store did not answer: ${error.message}`, options);
  }
}

export async function commit(store: Store, checks: readonly Check[], writes: readonly Write[]): Promise<TxnResult> {
  try {
    return await store.txn(checks, writes);
  } catch (error) {
    throw storeFailure(error, true);
  }
}

export async function readStore<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw storeFailure(error, false);
  }
}
