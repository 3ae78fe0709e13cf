import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually } from './eventually.ts';
import type { RunningServer } from './start-server.ts';

/** How one run of kubectl ended, and what it said. */
export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface KubectlOptions {
  /** What it reads on stdin. */
  input?: string;
  env?: Record<string, string>;
  timeoutMs?: number;
}

const minorOf = (name: string): number => Number(/^kubectl\.1\.(\d+)$/.exec(name)?.[1] ?? 0);

/**
 * The kubectl that is run: RIVER_KUBECTL, else the one in PATH. Some distributions put a program there that chooses among several
 * for each server; then it is the newest of those, so that every run is the same and none pays for the choice.
 */
const program = (() => {
  if (process.env.RIVER_KUBECTL) return process.env.RIVER_KUBECTL;
  const found = execFileSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim();
  const folder = dirname(realpathSync(found));
  const [newest] = readdirSync(folder).sort((a, b) => minorOf(b) - minorOf(a));
  return newest !== undefined && minorOf(newest) > 0 ? join(folder, newest) : found;
})();

const environment = (server: RunningServer, env: Record<string, string> = {}): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: server.home,
  KUBECONFIG: server.kubeconfig,
  ...env,
});

const runDeadlineMs = 60_000;

/** Runs the real kubectl to its end. */
export async function kubectl(server: RunningServer, args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
  const child = spawn(program, args, { env: environment(server, options.env), timeout: options.timeoutMs ?? runDeadlineMs });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const [code, signal] = await once(child, 'close');
  return { code: code ?? (signal ? 128 : -1), stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/** The same, when nothing but success will do. @throws Error with everything that it said. */
export async function kubectlOk(server: RunningServer, args: readonly string[], options: KubectlOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await kubectl(server, args, options);
  if (code === 0) return stdout;
  throw new Error(`kubectl ${args.join(' ')}: ended with ${code}\nstderr: ${stderr}\nstdout: ${stdout}`);
}

/** A kubectl that goes on until it is ended: `get -w`. */
export interface RunningKubectl {
  stdout(): string;
  lines(): string[];
  /** Waits for lines. */
  until(what: string, isRight: (lines: string[]) => boolean): Promise<string[]>;
  /** Its exit code, when it ends by itself. */
  ended: Promise<number>;
  stop(): Promise<void>;
}

export function startKubectl(server: RunningServer, args: readonly string[]): RunningKubectl {
  const child = spawn(program, args, { env: environment(server), stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = once(child, 'close').then(([code]) => Number(code ?? 128));
  // What the last newline has not ended yet may be half a line.
  const lines = () =>
    out
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== '');
  return {
    stdout: () => out,
    lines,
    until: (what, isRight) =>
      eventually(what, lines, isRight).catch((error) => {
        throw new Error(`kubectl ${args.join(' ')}: ${error.message}\nstderr: ${err}`, { cause: error });
      }),
    ended,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
