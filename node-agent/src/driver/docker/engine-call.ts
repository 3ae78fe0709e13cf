import { DriverError } from '../driver.ts';

/** What a call of the engine's library can fail with: an answer with a status, or a socket. */
interface EngineFailure {
  statusCode?: number;
  code?: string;
  json?: { message?: unknown };
  reason?: string;
  message: string;
}

const isFailure = (error: unknown): error is Error & EngineFailure => error instanceof Error;

export const statusOf = (error: unknown): number | undefined => (isFailure(error) ? error.statusCode : undefined);

/** What the engine said, without the library's own words. */
export const messageOf = (error: unknown): string => {
  if (!isFailure(error)) return String(error);
  return (typeof error.json?.message === 'string' ? error.json.message : error.message).slice(0, 2_000);
};

const unreachable = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EACCES', 'EPIPE']);

/** One call with a deadline: an engine that hangs, as it does when a cgroup is frozen, holds nobody up for ever. */
export async function engineCall<T>(
  what: string,
  timeoutMs: number,
  signal: AbortSignal,
  call: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const either = AbortSignal.any([signal, deadline]);
  const late = Promise.withResolvers<never>();
  const onAbort = () => late.reject(either.reason);
  either.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([call(either), late.promise]);
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted)
      throw new DriverError('EngineSlow', `the container engine did not ${what} within ${timeoutMs / 1000} s`, { cause: error });
    throw explained(what, error);
  } finally {
    either.removeEventListener('abort', onAbort);
  }
}

function explained(what: string, error: unknown): unknown {
  if (!isFailure(error) || error instanceof DriverError) return error;
  if (error.statusCode === undefined && unreachable.has(error.code ?? ''))
    return new DriverError('EngineUnreachable', `the container engine is not there (${error.code}): is it running?`, { cause: error });
  if (/no space left on device/i.test(messageOf(error)))
    return new DriverError('NoSpace', `the container engine could not ${what}: the disk is full`, { cause: error });
  return error;
}
