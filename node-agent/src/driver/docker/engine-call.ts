import { DriverError } from '../driver.ts';
import { EngineError } from './engine.ts';

export const statusOf = (error: unknown): number | undefined => (error instanceof EngineError ? error.statusCode : undefined);

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 2_000);

/** Of what a socket fails with. */
const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');

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
  if (!(error instanceof Error) || error instanceof DriverError) return error;
  if (unreachable.has(codeOf(error)))
    return new DriverError('EngineUnreachable', `the container engine is not there (${codeOf(error)}): is it running?`, { cause: error });
  if (/no space left on device/i.test(messageOf(error)))
    return new DriverError('NoSpace', `the container engine could not ${what}: the disk is full`, { cause: error });
  return error;
}
