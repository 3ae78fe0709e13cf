import type { Container } from '../../plan/work.ts';
import type { Engine } from './engine.ts';
import { labels } from './labels.ts';

/** As the engine tells of a container: of all that it says, what is read here. */
export interface Inspected {
  Id: string;
  Created: string;
  Image: string;
  Config: { Labels?: Record<string, string> };
  HostConfig: { Privileged?: boolean; NetworkMode?: string };
  State: {
    Status: string;
    Running: boolean;
    ExitCode: number;
    Error?: string;
    OOMKilled?: boolean;
    StartedAt?: string;
    FinishedAt?: string;
  };
  NetworkSettings?: { Networks?: Record<string, { IPAddress?: string }> };
}

export const inspect = async (engine: Engine, id: string, signal: AbortSignal): Promise<Inspected> =>
  // Docker's API says that it is.
  (await engine.call('GET', `/containers/${id}/json`, { signal })) as Inspected;

export const addressIn = ({ NetworkSettings }: Inspected): string | undefined =>
  Object.values(NetworkSettings?.Networks ?? {})[0]?.IPAddress || undefined;

/** The words of the engine, which has no code for it. An engine that died while it started the other container leaves this behind. */
const lostNetwork = /^(cannot join network (namespace )?of a non running container|No such container): /;

/** What the engine says of one of our containers; nothing when its labels do not say whose it is. */
export function readContainer(info: Inspected, addressOf: (containerId: string) => string | undefined): Container | undefined {
  const { Id: id, State: state, Image: imageDigest } = info;
  const uid = info.Config.Labels?.[labels.uid];
  const epoch = Number(info.Config.Labels?.[labels.epoch]);
  if (!uid || !Number.isSafeInteger(epoch)) return undefined;
  const startMs = timeOf(state.StartedAt);
  const isPrivileged = info.HostConfig.Privileged === true;
  const known = { id, uid, epoch, imageDigest, isPrivileged, ...(startMs !== undefined && { startMs }) };
  const [, holder] = /^container:(.*)$/.exec(info.HostConfig.NetworkMode ?? '') ?? [];
  const address = holder === undefined ? addressIn(info) : addressOf(holder);
  const at = address ? { ...known, address } : known;
  // It was tried to start, and could not be: it stays as it was made, with the reason.
  if (state.Status === 'created' && lostNetwork.test(state.Error ?? '')) return { ...known, state: 'created', lacksNetwork: true };
  if (state.Status === 'created')
    return state.Error ? { ...known, state: 'exited', exit: exitOf(state, timeOf(info.Created) ?? 0) } : { ...known, state: 'created' };
  if (state.Status === 'running' || state.Status === 'restarting') return { ...at, state: 'running' };
  if (state.Status === 'paused') return { ...at, state: 'paused' };
  return { ...known, state: 'exited', exit: exitOf(state, startMs ?? 0) };
}

function exitOf(state: Inspected['State'], startMs: number) {
  return {
    code: state.ExitCode,
    // The engine takes both times apart, and may see the end of what was short before its beginning.
    finishMs: Math.max(timeOf(state.FinishedAt) ?? 0, startMs),
    isOutOfMemory: state.OOMKilled === true,
    ...(state.Error && { error: state.Error.slice(0, 2_000) }),
  };
}

/** The engine writes the year 1 for what has not been. */
function timeOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms;
}
