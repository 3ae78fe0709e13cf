import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { lastOf } from '../../output/last-of.ts';
import type { OutputLine, OutputQuery } from '../../output/output-line.ts';
import { parseFrames } from '../../output/stamped-line.ts';
import { type Driver, DriverError } from '../driver.ts';
import type { WorkOrder } from '../work-order.ts';
import { conflict, containerCalls, quickMs, slowMs } from './container-calls.ts';
import { containerOptions, type Placing } from './container-options.ts';
import { engineCall, messageOf, statusOf } from './engine-call.ts';
import { labels } from './labels.ts';
import { pullImages } from './pull-images.ts';

export interface DockerDriverDeps {
  docker: Docker;
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
  const { docker, node, network } = deps;
  const calls = containerCalls(docker, network.addressOf);
  return {
    async observe(signal, uid) {
      const label = [uid === undefined ? labels.uid : `${labels.uid}=${uid}`, `${labels.node}=${node}`];
      const list = await engineCall('list containers', quickMs, signal, (abortSignal) =>
        docker.listContainers({ all: true, filters: { label }, abortSignal }),
      );
      const containers = await Promise.all(list.map(({ Id }) => calls.found(Id, signal)));
      return containers.filter((container) => container !== undefined);
    },
    async watch(onChange, signal) {
      const filters = { type: ['container' as const], label: [`${labels.node}=${node}`, labels.uid], event: events };
      const stream = await engineCall('tell of changes', quickMs, signal, () => docker.getEvents({ filters, abortSignal: signal }));
      onChange();
      try {
        for await (const event of eventsOf(stream)) onChange(event.Actor?.Attributes?.[labels.uid]);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
    pull: pullImages(docker),
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
    output: (containerId, query, signal) => outputOf(docker, containerId, query, signal),
  };
}

/** By its name, so that asked twice it is one. */
function createContainer({ docker, node, cgroups, network }: DockerDriverDeps, calls: ReturnType<typeof containerCalls>): Driver['create'] {
  return async (order, signal) => {
    const networkMode = await network.enter(order);
    const options = containerOptions(order, { node, cgroups, networkMode });
    try {
      const made = await engineCall('make a container', slowMs, signal, (abortSignal) =>
        docker.createContainer({ ...options, abortSignal }),
      );
      return made.id;
    } catch (error) {
      const there = statusOf(error) === conflict ? await calls.found(options.name, signal) : undefined;
      if (there) return there.id;
      throw statusOf(error) === undefined ? error : new DriverError('Refused', messageOf(error), { cause: error });
    }
  };
}

/** The engine counts the lines of both streams, whichever are asked for: so for one of them the last are found here. */
function outputOf(docker: Docker, id: string, query: OutputQuery, signal: AbortSignal): AsyncIterable<OutputLine> {
  const { tail, follow = false, ...rest } = query;
  const chunksOf = async function* (asked: OutputQuery) {
    yield* await openOutput(docker, id, asked, signal);
  };
  const open = (asked: OutputQuery) => parseFrames(chunksOf(asked));
  if (tail === undefined || query.streams?.length !== 1) return open(query);
  return lastOf(tail, (time) => open(time === 'first' ? rest : { ...rest, follow }));
}

interface Dialing {
  path: string;
  method: 'GET';
  isStream: true;
  statusCodes: Record<number, true | string>;
  abortSignal: AbortSignal;
  options: object;
}

/** As it comes, at the reader's pace. The library's own call would read all into memory when nobody follows. */
async function openOutput(docker: Docker, id: string, query: OutputQuery, signal: AbortSignal): Promise<Readable> {
  const { streams = ['stdout', 'stderr'], tail, sinceNs, follow = false } = query;
  const options = {
    stdout: streams.includes('stdout'),
    stderr: streams.includes('stderr'),
    timestamps: true,
    follow,
    ...(tail !== undefined && { tail }),
    ...(sinceNs !== undefined && { since: engineTime(sinceNs + 1n) }),
  };
  // The library's types know nothing of what all its calls are made with.
  const modem = docker.modem as { dial(options: Dialing, done: (error: unknown, answer: Readable) => void): void };
  return engineCall(
    'show output',
    quickMs,
    signal,
    () =>
      new Promise((resolve, reject) => {
        const path = `/containers/${id}/logs?`;
        const statusCodes = { 200: true as const, 404: 'no such container', 500: 'server error' };
        modem.dial({ path, method: 'GET', isStream: true, statusCodes, abortSignal: signal, options }, (error, answer) =>
          error ? reject(error) : resolve(answer),
        );
      }),
  );
}

const engineTime = (ns: bigint): string => `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;

interface EngineEvent {
  Actor?: { Attributes?: Record<string, string | undefined> };
}

async function* eventsOf(stream: NodeJS.ReadableStream): AsyncGenerator<EngineEvent> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString()).split('\n');
    rest = (lines.pop() ?? '').slice(-65_536);
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
}
