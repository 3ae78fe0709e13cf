import type { Engine } from './engine.ts';
import { engineCall } from './engine-call.ts';
import { engineStartMs } from './engine-start.ts';

export interface EngineFacts {
  name: string;
  version: string;
  runtimes: readonly string[];
  /** Whether containers go on while the engine is restarted. */
  isLiveRestore: boolean;
  cgroupDriver: 'cgroupfs' | 'systemd';
  dataDir: string;
  /** Since when this engine runs, when containers from before cannot have outlived that. */
  killedAllMs?: number;
}

const askMs = 10_000;

/** What the engine is. */
export async function engineFacts(engine: Engine, socketPath: string, signal: AbortSignal): Promise<EngineFacts> {
  const said = await engineCall('say what it is', askMs, signal, (abortSignal) => engine.call('GET', '/info', { signal: abortSignal }));
  const info: Record<string, unknown> = typeof said === 'object' && said !== null ? { ...said } : {};
  const isLiveRestore = info.LiveRestoreEnabled === true;
  const startedMs = engineStartMs(socketPath);
  const runtimes = typeof info.Runtimes === 'object' && info.Runtimes !== null ? Object.keys(info.Runtimes).slice(0, 64) : [];
  return {
    name: 'docker',
    version: String(info.ServerVersion ?? '').slice(0, 200),
    runtimes: runtimes.sort(),
    isLiveRestore,
    cgroupDriver: info.CgroupDriver === 'systemd' ? 'systemd' : 'cgroupfs',
    dataDir: String(info.DockerRootDir ?? '/var/lib/docker'),
    ...(!isLiveRestore && startedMs !== undefined && { killedAllMs: startedMs }),
  };
}
