import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import * as Flags from '@oclif/core/flags';
import { ApiError } from '@river/crds';
import {
  identityFolder,
  type JoinToken,
  joinNode,
  type NodeIdentity,
  parseJoinToken,
  planCertificate,
  readInventory,
  renewCertificate,
  systemClock,
} from '@river/runtime';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { parseDurationMs } from '../wait/duration.ts';

const usualDir = '/var/lib/river/node';
const dir = Flags.string({ default: usualDir, helpValue: 'DIR', description: 'where the identity of the node lies' });
const timeout = Flags.string({ default: '10m', helpValue: 'DURATION', description: 'how long to wait for the certificate' });

/** Everybody on a machine can read the arguments of its programs, so a file, stdin or the environment is better. */
const readToken = async (
  context: Context,
  flags: { token?: string | undefined; 'token-file'?: string | undefined },
): Promise<JoinToken> => {
  const file = flags['token-file'];
  if (file !== undefined && flags.token !== undefined) throw new UsageError('either --token or --token-file, not both');
  const fromFile = file === '-' ? context.readStdin() : file === undefined ? undefined : readText(file);
  const text = (await fromFile) ?? flags.token ?? context.env.RIVER_JOIN_TOKEN;
  if (text === undefined) throw new UsageError('give the join token with --token-file FILE (- is stdin) or RIVER_JOIN_TOKEN');
  const token = parseJoinToken(text);
  if (!token)
    throw new UsageError('this is no join token: it has three parts with dots between them, as riverctl node join-token prints it');
  return token;
};

const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new UsageError(`--token-file ${file} cannot be read (${code})`);
  }
};

const tell = (context: Context, what: string, folder: string, { node, access, validToMs }: NodeIdentity): void => {
  const expires = new Date(validToMs).toISOString();
  context.say(`node ${node} ${what}; its certificate is good until ${expires}`);
  context.say(`kubeconfig: ${identityFolder(folder).kubeconfig}`);
  context.result({ node, server: access.server, kubeconfig: identityFolder(folder).kubeconfig, expires });
};

const explained = (error: unknown): never => {
  if (!ApiError.is(error, 'Unauthorized')) throw error;
  const message = 'the server does not take this join token: it was used, has expired, was deleted, or is not for this address';
  throw new CommandError('forbidden', message, 'Unauthorized');
};

export const nodeJoinCommand = command({
  name: 'node join',
  summary: 'make this machine a node (run on the node)',
  usage: '--server URL --token-file FILE',
  examples: [
    'riverctl node join --server https://10.0.0.1:6443 --token-file -',
    'RIVER_JOIN_TOKEN=… riverctl node join --server https://10.0.0.1:6443',
  ],
  flags: {
    server: Flags.string({ required: true, helpValue: 'URL', description: 'where the API server is' }),
    token: Flags.string({ helpValue: 'TOKEN', description: 'the join token; others on this machine can see it' }),
    'token-file': Flags.string({ helpValue: 'FILE', description: 'a file with the join token; - is stdin' }),
    name: Flags.string({ helpValue: 'NAME', description: 'name of the node (default: of the host)' }),
    dir,
    timeout,
  },
  run: async ({ args, flags }, context) => {
    if (args.length > 0) throw new UsageError(`"${args[0]}" is one argument too many (see riverctl node join --help)`);
    const node = flags.name ?? hostname().toLowerCase();
    const identity = await joinNode({
      clock: systemClock,
      dir: flags.dir,
      server: flags.server.replace(/\/+$/, ''),
      token: await readToken(context, flags),
      node,
      inventory: JSON.stringify(readInventory()),
      timeoutMs: parseDurationMs(flags.timeout),
      signal: context.interrupted(),
      onWaiting: (name) => context.note(`waiting to be approved: riverctl node approve ${name}`),
    }).catch(explained);
    tell(context, 'has joined', flags.dir, identity);
  },
});

export const nodeRenewCommand = command({
  name: 'node renew',
  summary: "renew this node's certificate when it is time (run on the node)",
  usage: '',
  examples: ['riverctl node renew', 'riverctl node renew --force'],
  flags: { dir, timeout, force: Flags.boolean({ description: 'also when it is not yet time' }) },
  run: async ({ flags }, context) => {
    const folder = identityFolder(flags.dir);
    folder.mend();
    const identity = folder.read();
    if (!identity) throw new UsageError(`${flags.dir} holds no node's identity: join first, with riverctl node join`);
    const step = planCertificate(identity, context.wallMs());
    if (step.do === 'giveUp') throw new CommandError('failed', step.why, 'Expired');
    if (step.do === 'wait' && !flags.force) return tell(context, 'need not renew yet', flags.dir, identity);
    const asking = { clock: systemClock, timeoutMs: parseDurationMs(flags.timeout), signal: context.interrupted() };
    tell(context, 'has renewed', flags.dir, await renewCertificate({ dir: flags.dir, ...asking }));
  },
});
