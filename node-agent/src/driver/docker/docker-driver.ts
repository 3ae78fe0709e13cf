import { lastOf } from '../../output/last-of.ts';
import type { OutputLine, OutputQuery } from '../../output/output-line.ts';
import { parseFrames } from '../../output/stamped-line.ts';
import { type Driver, DriverError } from '../driver.ts';
import type { WorkOrder } from '../work-order.ts';
import { conflict, containerCalls, quickMs, slowMs } from './container-calls.ts';
import { containerOptions, type Placing } from './container-options.ts';
import { type Engine, type EngineRequest, jsonLinesOf } from './engine.ts';
import { engineCall, messageOf, statusOf } from './engine-call.ts';
import { listContainers, makeContainer } from './engine-containers.ts';
import { labels } from './labels.ts';
import { pullImages } from './pull-images.ts';

export interface DockerDriverDeps {
  engine: Engine;
  node: string;
  cgroups: Placing['cgroups'];
  /** What the workload's network is: made or taken before its container, given back after. */
  network: {
    enter(order: WorkOrder): Promise<string>;
    leave(uid: string, wasPrivileged: boolean): Promise<void>;
    /** Of the container that holds a network. */
    addressOf(containerId: string): string | undefined;
  };
}

const events = ['die', 'oom', 'start', 'pause', 'unpause', 'destroy'];

export function dockerDriver(deps: DockerDriverDeps): Driver {
  const { engine, node, network } = deps;
  const calls = containerCalls(engine, network.addressOf);
  return {
    async observe(signal, uid) {
      const label = [uid === undefined ? labels.uid : `${labels.uid}=${uid}`, `${labels.node}=${node}`];
      const list = await engineCall('list containers', quickMs, signal, (abortSignal) => listContainers(engine, label, abortSignal));
      const containers = await Promise.all(list.map(({ id }) => calls.found(id, signal)));
      return containers.filter((container) => container !== undefined);
    },
    async watch(onChange, signal) {
      const filters = { type: ['container'], label: [`${labels.node}=${node}`, labels.uid], event: events };
      const stream = await openStream(engine, { what: 'tell of changes', path: '/events', query: { filters }, signal });
      onChange();
      try {
        for await (const event of jsonLinesOf(stream)) onChange(uidIn(event));
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
    pull: pullImages(engine),
    create: createContainer(deps, calls),
    start: calls.start,
    stop: calls.stop,
    pause: calls.pause,
    unpause: calls.unpause,
    async remove(containerId, signal) {
      const container = await calls.found(containerId, signal);
      await calls.remove(containerId, signal);
      if (container) await network.leave(container.uid, container.isPrivileged === true);
    },
    output: (containerId, query, signal) => outputOf(engine, containerId, query, signal),
  };
}

/** By its name, so that asked twice it is one. */
function createContainer({ engine, node, cgroups, network }: DockerDriverDeps, calls: ReturnType<typeof containerCalls>): Driver['create'] {
  return async (order, signal) => {
    const networkMode = await network.enter(order);
    const { name, ...body } = containerOptions(order, { node, cgroups, networkMode });
    try {
      return await engineCall('make a container', slowMs, signal, (abortSignal) => makeContainer(engine, body, name, abortSignal));
    } catch (error) {
      const there = statusOf(error) === conflict ? await calls.found(name, signal) : undefined;
      if (there) return there.id;
      throw statusOf(error) === undefined ? error : new DriverError('Refused', messageOf(error), { cause: error });
    }
  };
}

/** The engine counts the lines of both streams, whichever are asked for: so for one of them the last are found here. */
function outputOf(engine: Engine, id: string, query: OutputQuery, signal: AbortSignal): AsyncIterable<OutputLine> {
  const { tail, follow = false, ...rest } = query;
  const chunksOf = async function* (asked: OutputQuery) {
    yield* await openOutput(engine, id, asked, signal);
  };
  const open = (asked: OutputQuery) => parseFrames(chunksOf(asked));
  if (tail === undefined || query.streams?.length !== 1) return open(query);
  return lastOf(tail, (time) => open(time === 'first' ? rest : { ...rest, follow }));
}

/** As it comes, at the reader's pace. */
function openOutput(engine: Engine, id: string, query: OutputQuery, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  const { streams = ['stdout', 'stderr'], tail, sinceNs, follow = false } = query;
  const asked = {
    ...{ stdout: streams.includes('stdout'), stderr: streams.includes('stderr'), timestamps: true, follow, tail },
    since: sinceNs === undefined ? undefined : engineTime(sinceNs + 1n),
  };
  return openStream(engine, { what: 'show output', path: `/containers/${id}/logs`, query: asked, signal });
}

interface Opening {
  what: string;
  path: string;
  query: NonNullable<EngineRequest['query']>;
  signal: AbortSignal;
}

/** The deadline is for its beginning; one that comes too late is let go of. */
async function openStream(engine: Engine, { what, path, query, signal }: Opening): Promise<AsyncIterable<Buffer>> {
  const tooLate = new AbortController();
  const asked = { query, signal: AbortSignal.any([signal, tooLate.signal]) };
  try {
    return await engineCall(what, quickMs, signal, () => engine.stream('GET', path, asked));
  } catch (error) {
    tooLate.abort();
    throw error;
  }
}

const engineTime = (ns: bigint): string => `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;

/** The workload that an event is about. */
function uidIn(event: unknown): string | undefined {
  const { Actor } = event as { Actor?: { Attributes?: Record<string, string | undefined> } };
  return Actor?.Attributes?.[labels.uid];
}
