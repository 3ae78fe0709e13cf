import type Docker from 'dockerode';
import type { Container } from '../../plan/work.ts';
import { engineCall, statusOf } from './engine-call.ts';
import { readContainer } from './read-container.ts';

export const quickMs = 15_000;
export const slowMs = 60_000;
export const missing = 404;
export const conflict = 409;
const unchanged = 304;

/** What is done to a container that is there, each with its deadline; what has happened already is done. */
export function containerCalls(docker: Docker, addressOf: (containerId: string) => string | undefined) {
  const found = async (id: string, signal: AbortSignal): Promise<Container | undefined> => {
    try {
      return readContainer(
        await engineCall('look at a container', quickMs, signal, (abortSignal) => docker.getContainer(id).inspect({ abortSignal })),
        addressOf,
      );
    } catch (error) {
      if (statusOf(error) === missing) return undefined;
      throw error;
    }
  };
  /** Fails only when the container is not as it was to become. */
  const become = async (
    id: string,
    signal: AbortSignal,
    call: Promise<unknown>,
    isRight: (container: Container | undefined) => boolean,
  ) => {
    try {
      await call;
    } catch (error) {
      if (statusOf(error) === undefined || !isRight(await found(id, signal))) throw error;
    }
  };
  const unpause = (id: string, signal: AbortSignal) =>
    become(
      id,
      signal,
      engineCall('go on with a container', quickMs, signal, (abortSignal) => docker.getContainer(id).unpause({ abortSignal })),
      (container) => container?.state !== 'paused',
    );
  const isOver = (container: Container | undefined) => container === undefined || container.state === 'exited';
  return {
    found,
    unpause,
    pause: (id: string, signal: AbortSignal) =>
      become(
        id,
        signal,
        engineCall('pause a container', quickMs, signal, (abortSignal) => docker.getContainer(id).pause({ abortSignal })),
        (container) => container?.state !== 'running',
      ),
    /** What the container itself says of a failed start is read by whoever looks next. */
    start: (id: string, signal: AbortSignal) =>
      become(
        id,
        signal,
        engineCall('start a container', slowMs, signal, (abortSignal) => docker.getContainer(id).start({ abortSignal })),
        (container) => container?.state === 'running' || container?.state === 'exited',
      ),
    async stop(id: string, graceMs: number, signal: AbortSignal) {
      const container = await found(id, signal);
      if (!container || container.state === 'created' || container.state === 'exited') return;
      // A signal to what is paused waits until it goes on; so the last word is said before.
      if (graceMs === 0) {
        const kill = engineCall('kill a container', quickMs, signal, (abortSignal) => docker.getContainer(id).kill({ abortSignal }));
        await become(id, signal, kill, isOver);
      }
      if (container.state === 'paused') await unpause(id, signal);
      const call = engineCall('end a container', graceMs + slowMs, signal, (abortSignal) =>
        docker.getContainer(id).stop({ t: Math.ceil(graceMs / 1000), abortSignal }),
      );
      await call.catch((error) => {
        if (![unchanged, missing].includes(statusOf(error) ?? 0)) throw error;
      });
    },
    async remove(id: string, signal: AbortSignal) {
      const call = engineCall('remove a container', slowMs, signal, (abortSignal) =>
        docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
      );
      await call.catch(async (error) => {
        // 409: somebody removes it already.
        if (![missing, conflict].includes(statusOf(error) ?? 0)) throw error;
      });
    },
  };
}
