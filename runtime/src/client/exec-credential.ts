import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { isObject, type Json } from '@river/crds';
import type { Clock } from '../clock/clock.ts';
import type { ExecPlugin } from '../kubeconfig/cluster-access.ts';
import { KubeconfigError } from '../kubeconfig/kubeconfig-error.ts';

/** By what a client shows who it is. */
export interface Credential {
  token?: string;
  /** PEM. */
  clientCertificate?: { certificate: string; key: string };
}

/** A credential that a program gives, and gives anew when it is over or is not accepted. */
export interface CredentialSource {
  get(): Promise<Credential>;
  /** The server did not accept it: the next one is asked for anew. */
  forget(): void;
}

const machineMs = 60_000;
/** Somebody may have to type a password, or to find a telephone. */
const personMs = 300_000;
const mostBytes = 1024 * 1024;
/** So that it does not end on its way. */
const marginMs = 5_000;

export function execCredential(plugin: ExecPlugin, clock: Pick<Clock, 'wallMs'>): CredentialSource {
  let current: Promise<{ credential: Credential; untilMs: number }> | undefined;
  const ask = () => {
    const asked = run(plugin).then((said) => parse(plugin, said));
    asked.catch(() => {
      if (current === asked) current = undefined;
    });
    current = asked;
    return asked;
  };
  return {
    async get() {
      const { credential, untilMs } = await (current ?? ask());
      if (clock.wallMs() < untilMs - marginMs) return credential;
      return (await ask()).credential;
    },
    forget() {
      current = undefined;
    },
  };
}

async function run(plugin: ExecPlugin): Promise<string> {
  const { place, command, args, mode, cluster, apiVersion, env } = plugin;
  const isInteractive = mode !== 'Never' && process.stdin.isTTY === true;
  if (mode === 'Always' && !isInteractive)
    throw new KubeconfigError(`${place}: ${command} needs a terminal to ask you at, and there is none`);
  const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive: isInteractive, ...(cluster && { cluster }) } });
  const program = /[\\/]/.test(command) ? resolve(dirname(plugin.file), command) : command;
  return outputOf(
    plugin,
    spawn(program, args, { env: { ...env, KUBERNETES_EXEC_INFO: info }, stdio: [isInteractive ? 'inherit' : 'ignore', 'pipe', 'inherit'] }),
    isInteractive ? personMs : machineMs,
  );
}

function outputOf(
  { place, command, hint }: ExecPlugin,
  child: ChildProcessByStdio<null, Readable, null>,
  withinMs: number,
): Promise<string> {
  return new Promise((succeed, fail) => {
    const end = (why: string, cause?: unknown) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      child.stdout.destroy();
      fail(new KubeconfigError(`${place}: ${command} ${why}${hint && `: ${hint.trim()}`}`, { cause }));
    };
    const timer = setTimeout(() => end(`gave no credential within ${withinMs / 1000} s`), withinMs);
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > mostBytes) end(`said more than ${mostBytes} bytes`);
      chunks.push(chunk);
    });
    child.once('error', (error) => end(`could not be started (${'code' in error ? error.code : error.message})`, error));
    child.once('close', (code, signal) => {
      if (code !== 0) return end(`ended ${signal ? `by ${signal}` : `with exit code ${code}`}`);
      clearTimeout(timer);
      succeed(Buffer.concat(chunks).toString('utf8'));
    });
  });
}

/** What the program said is a secret: no error repeats it. */
function parse({ place, command, apiVersion }: ExecPlugin, said: string): { credential: Credential; untilMs: number } {
  const bad = (why: string) => new KubeconfigError(`${place}: what ${command} wrote ${why}`);
  const document = readJson(said);
  if (!isObject(document) || document.kind !== 'ExecCredential') throw bad('is no ExecCredential in JSON');
  if (document.apiVersion !== apiVersion) throw bad(`is not of ${apiVersion}, which the kubeconfig asks for`);
  const {
    token,
    clientCertificateData: certificate,
    clientKeyData: key,
    expirationTimestamp: until,
  } = isObject(document.status) ? document.status : {};
  const untilMs = until === undefined || until === null ? Number.POSITIVE_INFINITY : Date.parse(String(until));
  if (Number.isNaN(untilMs)) throw bad('has a status.expirationTimestamp that is no time');
  const isPair = typeof certificate === 'string' && typeof key === 'string' && certificate !== '' && key !== '';
  const isToken = typeof token === 'string' && token !== '';
  if (!isPair && !isToken) throw bad('has neither a token nor a client certificate with its key in its status');
  return { credential: { ...(isToken && { token }), ...(isPair && { clientCertificate: { certificate, key } }) }, untilMs };
}

function readJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
