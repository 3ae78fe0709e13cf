import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ensureFrontDoorCertificates,
  ensureKeyRing,
  ensureServerCertificates,
  type ServerCertificates,
  writePrivateFile,
} from '@river/runtime';
import { ensureAccountKeys } from './account-keys.ts';
import {
  adminKubeconfig,
  controllersKubeconfig,
  ensureTokens,
  gatewayKubeconfig,
  type Reached,
  schedulerKubeconfig,
} from './admin-access.ts';
import { unreadableWarning } from './ask-key-report.ts';
import { logTail, openBoundedLog } from './bounded-log.ts';
import { changeKeys } from './change-keys.ts';
import { portProblem } from './check-port.ts';
import type { DataDir } from './data-dir.ts';
import { type KeptProcess, keep } from './keep-process.ts';
import { makeDataFolder } from './make-data-folder.ts';
import type { UpOptions } from './options.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { agentArgs, engineAnswers, engineSocket, ownNode, runningGuard } from './start-agent.ts';
import { hasGateway, startGateway } from './start-gateway.ts';
import { type RunningServer, startServer } from './start-server.ts';
import { stopProcess } from './stop-process.ts';
import { UpError } from './up-error.ts';
import { takeUpLock } from './up-lock.ts';
import { readUpState, removeUpState, type UpState, writeUpState } from './up-state.ts';
import { waitUntil } from './wait-until.ts';

export interface UpDeps {
  /** The API server's main file. */
  serverEntry: string;
  /** The controllers' main file; none are started without. */
  controllersEntry: string | undefined;
  /** The gateway's main file; none is started without. */
  gatewayEntry: string | undefined;
  /** The guard's main file; this machine is made no node without. */
  agentEntry: string | undefined;
  say(line: string): void;
  now(): Date;
  /** The control plane serves; what is awaited from here on is its end. */
  onReady(): void;
  /** Aborted when the control plane shall end. */
  stop: AbortSignal;
  readyWithinMs?: number;
}

const stopGraceMs = 20_000;

const isWildcard = (bind: string) => bind === '0.0.0.0' || bind === '::';

/** The address under which this machine's own clients reach a server that listens on `bind`. */
const clientUrl = (url: string, bind: string): string => {
  const { port } = new URL(url);
  const host = isWildcard(bind) ? '127.0.0.1' : bind;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port || 443}`;
};

const differences = (state: UpState, { asked, ...options }: UpOptions): string[] => [
  ...(asked.store && state.store !== options.store ? [`--store ${state.store}`] : []),
  ...(asked.bind && state.bind !== options.bind ? [`--bind ${state.bind}`] : []),
  ...(asked.apiPort && state.apiPort !== options.apiPort ? [`--api-port ${state.apiPort}`] : []),
  ...(asked.gatewayPort && state.gatewayPort !== options.gatewayPort ? [`--gateway-port ${state.gatewayPort ?? '(none)'}`] : []),
];

const tellHowToUse = (deps: UpDeps, dir: DataDir, url: string, stopHint: string): void => {
  deps.say(`River serves ${url}`);
  deps.say(`kubeconfig: ${dir.kubeconfig}`);
  deps.say(`try: ./river ctl --kubeconfig ${dir.kubeconfig} api-resources`);
  deps.say(`stop: ${stopHint}`);
};

const downCommand = (dir: DataDir) => `./river down --data ${dir.root}`;

/** Another `up` holds the data: fine when it is what was asked for. */
const joinRunning = (state: UpState, options: UpOptions, deps: UpDeps): number => {
  const other = differences(state, options);
  if (other.length) {
    throw new UpError(`River already runs on ${options.dir.root} with ${other.join(' ')}: stop it first with ${downCommand(options.dir)}`);
  }
  deps.say(`River already runs on this data (process ${state.up.pid})`);
  tellHowToUse(deps, options.dir, state.url ?? '', downCommand(options.dir));
  return 0;
};

const servingState = (dir: DataDir): UpState | undefined => {
  const state = readUpState(dir.state);
  return state?.url !== undefined && isAlive(state.up) ? state : undefined;
};

/** An `up` that was killed leaves its server behind; it must end before another may open the store. */
const stopOrphan = async (dir: DataDir, say: UpDeps['say']): Promise<void> => {
  const { server, controllers, gateway, agent } = readUpState(dir.state) ?? {};
  if (agent) await stopProcess(agent, stopGraceMs);
  if (gateway) await stopProcess(gateway, stopGraceMs);
  if (controllers) await stopProcess(controllers, stopGraceMs);
  if (server && isAlive(server)) {
    say(`stopping the API server that an earlier \`up\` left behind (process ${server.pid})`);
    await stopProcess(server, stopGraceMs);
  }
  removeUpState(dir.state);
};

/** What `up` lets hold from the start; it lies beside the sources, as the server does. */
const policies = join(import.meta.dirname, '../../../deploy/policies');

const serverArgs = (entry: string, options: UpOptions, pki: ServerCertificates, frontCa: string): string[] => [
  entry,
  ...['--store', options.store, '--bind', options.bind, '--port', String(options.apiPort)],
  ...['--cert', pki.certFile, '--key', pki.keyFile, '--token-file', options.dir.tokenFile, '--client-ca', pki.caFile],
  ...['--client-ca-key', pki.caKeyFile],
  ...['--policies', policies],
  ...['--requestheader-client-ca', frontCa, '--account-keys', options.dir.accountKeys],
  ...['--secret-keys', options.dir.secretKeys, '--audit-dir', options.dir.audit],
];

const deathNotice = (how: string, dir: DataDir): string =>
  `the API server ended ${how}. Its last words:\n${logTail(dir.serverLog) || '(none)'}\nThe whole log is ${dir.serverLog}`;

const aborted = (signal: AbortSignal): Promise<'stop'> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve('stop');
    signal.addEventListener('abort', () => resolve('stop'), { once: true });
  });

const awaitReady = async (server: RunningServer, options: UpOptions, deps: UpDeps, stopping: Promise<'stop'>): Promise<string | 'stop'> => {
  const withinMs = deps.readyWithinMs ?? 60_000;
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), withinMs);
  const outcome = await Promise.race([
    server.ready.then((url) => ({ url })),
    server.ended.then((how) => ({ how })),
    stopping,
    late,
  ]).finally(() => clearTimeout(timer));
  if (outcome === 'stop') return outcome;
  if (!outcome)
    throw new UpError(`the API server was not ready within ${withinMs / 1000} s. Its last words:\n${logTail(options.dir.serverLog)}`);
  if ('how' in outcome) throw new UpError(deathNotice(outcome.how, options.dir));
  return clientUrl(outcome.url, options.bind);
};

const writeIfNew = (file: string, content: string): void => {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== content) writePrivateFile(file, content);
};

const writeKubeconfigs = (dir: DataDir, reached: Reached): void => {
  writeIfNew(dir.kubeconfig, adminKubeconfig(reached));
  writeIfNew(dir.controllersKubeconfig, controllersKubeconfig(reached));
  writeIfNew(dir.schedulerKubeconfig, schedulerKubeconfig(reached));
  writeIfNew(dir.gatewayKubeconfig, gatewayKubeconfig(reached));
};

export type Note = (of: Pick<UpState, 'controllers' | 'gateway' | 'agent'>) => void;

/** The controllers of this `up`, if it is to have any. */
const startControllers = ({ dir, controllers }: UpOptions, { controllersEntry }: UpDeps, note: Note): KeptProcess | undefined => {
  if (!controllers || controllersEntry === undefined) return undefined;
  const args = [controllersEntry, '--kubeconfig', dir.controllersKubeconfig, '--scheduler-kubeconfig', dir.schedulerKubeconfig];
  return keep({ what: 'the controllers', args, logFile: dir.controllersLog, onStart: (identity) => note({ controllers: identity }) });
};

/** Makes this machine a node, where it can be one. Where it cannot, a line says why, and everything else goes on. */
const startAgent = async (options: UpOptions, deps: UpDeps, url: string, note: Note): Promise<KeptProcess | undefined> => {
  const { agentEntry: entry, say, now } = deps;
  const { dir } = options;
  if (!options.agent || entry === undefined) return undefined;
  const socket = engineSocket(process.env);
  if (!(await engineAnswers(socket))) {
    say(`no container engine answers at ${socket}, so this machine runs no Tasks (on Debian: apt-get install docker.io, then again)`);
    return undefined;
  }
  if (process.getuid?.() !== 0) {
    say('this machine runs no Tasks: only root may make it a node (see docs/nodes.md)');
    return undefined;
  }
  try {
    const args = await agentArgs({ dir, entry, url, socket, now });
    say(`this machine is node ${ownNode()} (log: ${dir.agentLog})`);
    const onStart = (identity: ProcessIdentity) => note({ agent: identity });
    return keep({ what: 'the agent', args, logFile: dir.agentLog, onStart, inItsPlace: () => runningGuard(dir) });
  } catch (error) {
    say(`warning: this machine could not be made a node: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
};

/** Serves until told to stop (0) or until the server ends by itself (an UpError). */
const serve = async (options: UpOptions, deps: UpDeps, state: UpState): Promise<number> => {
  const { dir } = options;
  const pki = await ensureServerCertificates({ dir: dir.pki, names: [options.bind], now: deps.now() });
  const front = await ensureFrontDoorCertificates({ dir: dir.pki, now: deps.now() });
  ensureAccountKeys(dir.accountKeys, deps.now());
  changeKeys(dir, () => ensureKeyRing(dir.secretKeys, deps.now()));
  const tokens = ensureTokens(dir);
  writeKubeconfigs(dir, { server: clientUrl(`https://x:${options.apiPort}`, options.bind), ca: pki.ca, tokens });
  mkdirSync(`${dir.root}/store`, { recursive: true, mode: 0o700 });
  const log = openBoundedLog(dir.serverLog);
  const stopping = aborted(deps.stop);
  const server = startServer(serverArgs(deps.serverEntry, options, pki, front.caFile), log);
  let controllers: KeptProcess | undefined;
  let gateway: KeptProcess | undefined;
  let agent: KeptProcess | undefined;
  try {
    writeUpState(dir.state, { ...state, server: server.identity });
    const url = await awaitReady(server, options, deps, stopping);
    if (url === 'stop') return 0;
    writeKubeconfigs(dir, { server: url, ca: pki.ca, tokens });
    const served = { ...state, server: server.identity, url };
    const note: Note = (of) => writeUpState(dir.state, Object.assign(served, of));
    note({});
    controllers = startControllers(options, deps, note);
    gateway = await startGateway(options, deps, note, deps.stop);
    agent = await startAgent(options, deps, url, note);
    tellHowToUse(deps, dir, url, options.detach ? downCommand(dir) : 'Ctrl-C');
    const warning = await unreadableWarning(dir);
    if (warning) deps.say(`warning: ${warning}`);
    deps.onReady();
    const how = await Promise.race([server.ended, stopping]);
    if (how !== 'stop') throw new UpError(deathNotice(how, dir));
    return 0;
  } finally {
    await agent?.stop();
    await gateway?.stop();
    await controllers?.stop();
    await stopProcess(server.identity, stopGraceMs);
    await server.ended;
    log.close();
  }
};

/** @throws UpError when a port cannot be had */
const needPorts = async (options: UpOptions, deps: UpDeps): Promise<void> => {
  const { bind, apiPort, gatewayPort } = options;
  const wanted = [
    { port: apiPort, flag: '--api-port' },
    { port: hasGateway(options, deps) ? gatewayPort : 0, flag: '--gateway-port (or leave the gateway out with --no-gateway)' },
  ];
  for (const { port, flag } of wanted) {
    const problem = port === 0 ? undefined : await portProblem(bind, port, flag);
    if (problem) throw new UpError(problem);
  }
};

/** Starts the control plane on this machine and stays with it. Two at once on the same data: the second joins the first. */
export const runUp = async (options: UpOptions, deps: UpDeps): Promise<number> => {
  const { dir } = options;
  makeDataFolder(dir.root);
  const got = await waitUntil(() => takeUpLock(dir.lock) ?? servingState(dir), deps.readyWithinMs ?? 60_000);
  if (!got) throw new UpError(`another \`up\` has been starting or stopping on ${dir.root} for a minute: see ${downCommand(dir)}`);
  if (!('release' in got)) return joinRunning(got, options, deps);
  try {
    await stopOrphan(dir, deps.say);
    await needPorts(options, deps);
    const self = identify(process.pid);
    if (!self) throw new Error('this system does not tell when a process started');
    const state: UpState = {
      up: self,
      store: options.store,
      bind: options.bind,
      apiPort: options.apiPort,
      ...(hasGateway(options, deps) && { gatewayPort: options.gatewayPort }),
      startedAt: deps.now().toISOString(),
    };
    writeUpState(dir.state, state);
    return await serve(options, deps, state);
  } finally {
    removeUpState(dir.state);
    got.release();
  }
};
