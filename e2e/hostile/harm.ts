import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { apiOf } from '../server/http.ts';
import type { RunningServer } from '../server/start-server.ts';

/** What an attack did to a server, as somebody else who uses it saw it. */
export interface Harm {
  /** How long the server took to say that it is alive, asked every 5 ms from another process. */
  livezMs: { p50: number; p99: number; max: number; count: number };
  livezFailures: string[];
  /** The server's own measure of how late its timers were. */
  loopLagMs: { p99: number; max: number };
  /** 99 % of an idle process's timers were no later than this meanwhile: the machine's part of the lag. */
  machineLagMs: number;
  /** Of the server's process. */
  memoryMb: { before: number; peak: number };
}

const pulse = fileURLToPath(new URL('./pulse.fixture.ts', import.meta.url));

export function residentMb(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) / 1024;
}

const at = (sorted: readonly number[], part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/** Reading the metric begins it anew. */
async function loopLag(server: RunningServer): Promise<Harm['loopLagMs']> {
  const api = apiOf(server);
  try {
    const { text } = await api.get('/metrics');
    const gauge = (name: string) => Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)`, 'm').exec(text)?.[1] ?? 0) * 1000;
    return { p99: gauge('p99'), max: gauge('max') };
  } finally {
    api.close();
  }
}

/** Attacks, and looks at the server from the outside meanwhile. */
export async function harmOf(server: RunningServer, attack: () => Promise<void>): Promise<Harm> {
  const child = spawn(process.execPath, [pulse, String(server.port), server.caFile], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  await once(child.stderr, 'data');
  await loopLag(server);
  const before = residentMb(server.pid());
  let peak = before;
  let loopLagMs: Harm['loopLagMs'] = { p99: 0, max: 0 };
  const sampler = setInterval(() => {
    peak = Math.max(peak, residentMb(server.pid()));
  }, 50);
  try {
    await attack();
    loopLagMs = await loopLag(server);
  } finally {
    clearInterval(sampler);
    child.kill('SIGTERM');
    await once(child, 'close');
  }
  const { times, failures, ownLagMs }: { times: number[]; failures: string[]; ownLagMs: number } = JSON.parse(
    Buffer.concat(said).toString(),
  );
  const sorted = times.sort((a, b) => a - b);
  return {
    livezMs: { p50: at(sorted, 0.5), p99: at(sorted, 0.99), max: sorted.at(-1) ?? 0, count: sorted.length },
    livezFailures: failures,
    loopLagMs,
    machineLagMs: ownLagMs,
    memoryMb: { before, peak },
  };
}

/** How much of what a server grew it has given back, looked at until it is enough or the time is over. */
export async function givenBack(server: RunningServer, { before, peak }: Harm['memoryMb'], part = 0.9, deadlineMs = 60_000) {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const now = residentMb(server.pid());
    const share = (peak - now) / (peak - before);
    if (share >= part || performance.now() > end) return { share, nowMb: now, afterMs: deadlineMs - (end - performance.now()) };
    await pause(200);
  }
}

/** What an empty program takes on the machine on which the promise was made. */
const emptyProgramMs = 25;

/** How many times slower this machine is today, by what starting and ending an empty program takes. */
function slowness(): number {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const took = [1, 2, 3, 4, 5].map(() => {
    const startMs = performance.now();
    spawnSync(process.execPath, ['-e', '0'], { env });
    return performance.now() - startMs;
  });
  return (took.sort((a, b) => a - b)[2] ?? 0) / emptyProgramMs;
}

let known: number | undefined;

/** The promise, on a machine that has a processor for everybody who wants one, and is as fast as the one on which it was made. */
export function mostLagMs(): number {
  known ??= slowness();
  return 50 * Math.max(1, known, (loadavg()[0] ?? 0) / availableParallelism());
}

/** Both measures begin with the 10 ms at which they look. */
export const lagOf = ({ loopLagMs, machineLagMs }: Harm): number => loopLagMs.p99 - Math.max(0, machineLagMs - 10);
