import type { Container } from '../../plan/work.ts';
import type { Engine, EngineRequest } from './engine.ts';
import { engineCall, statusOf } from './engine-call.ts';
import { inspect, readContainer } from './read-container.ts';

export const quickMs = 15_000;
export const slowMs = 60_000;
export const missing = 404;
export const conflict = 409;
const unchanged = 304;

/** What is done to a container that is there, each with its deadline; what has happened already is done. */
export function containerCalls(engine: Engine, addressOf: (containerId: string) => string | undefined) {
  const act = (id: string, what: string, query: EngineRequest['query'] = {}) => {
    return (signal: AbortSignal) => engine.call('POST', `/containers/${id}/${what}`, { query, signal });
  };
  const found = async (id: string, signal: AbortSignal): Promise<Container | undefined> => {
    try {
      return readContainer(
        await engineCall('look at a container', quickMs, signal, (abortSignal) => inspect(engine, id, abortSignal)),
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
      engineCall('go on with a container', quickMs, signal, act(id, 'unpause')),
      (container) => container?.state !== 'paused',
    );
  const isOver = (container: Container | undefined) => container === undefined || container.state === 'exited';
  return {
    found,
    unpause,
    pause: (id: string, signal: AbortSignal) =>
      become(id, signal, engineCall('pause a container', quickMs, signal, act(id, 'pause')), (container) => container?.state !== 'running'),
    /** What the container itself says of a failed start is read by whoever looks next. */
    start: (id: string, signal: AbortSignal) =>
      become(
        id,
        signal,
        engineCall('start a container', slowMs, signal, act(id, 'start')),
        (container) => container?.state === 'running' || container?.state === 'exited' || container?.lacksNetwork === true,
      ),
    async stop(id: string, graceMs: number, signal: AbortSignal) {
      const container = await found(id, signal);
      if (!container || container.state === 'created' || container.state === 'exited') return;
      // A signal to what is paused waits until it goes on; so the last word is said before.
      if (graceMs === 0) {
        const kill = engineCall('kill a container', quickMs, signal, act(id, 'kill'));
        await become(id, signal, kill, isOver);
      }
      if (container.state === 'paused') await unpause(id, signal);
      const call = engineCall('end a container', graceMs + slowMs, signal, act(id, 'stop', { t: Math.ceil(graceMs / 1000) }));
      await call.catch((error) => {
        if (![unchanged, missing].includes(statusOf(error) ?? 0)) throw error;
      });
    },
    async remove(id: string, signal: AbortSignal) {
      const call = engineCall('remove a container', slowMs, signal, (abortSignal) =>
        engine.call('DELETE', `/containers/${id}`, { query: { force: true, v: true }, signal: abortSignal }),
      );
      await call.catch(async (error) => {
        // 409: somebody removes it already.
        if (![missing, conflict].includes(statusOf(error) ?? 0)) throw error;
      });
    },
  };
}
