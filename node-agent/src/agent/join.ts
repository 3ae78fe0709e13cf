import { readFileSync } from 'node:fs';
import { identityFolder, joinNode, type Logger, type NodeIdentity, parseJoinToken, readInventory, systemClock } from '@river/runtime';
import { type AgentOptions, UsageError } from './options.ts';

const approvalMs = 24 * 60 * 60 * 1000;

/** Who this machine is: as it has joined, or by joining now. */
export async function identityOf(options: AgentOptions, log: Logger, signal: AbortSignal): Promise<NodeIdentity> {
  const folder = identityFolder(options.dir);
  folder.mend();
  const { server, node, dir } = options;
  const joined = folder.read();
  // A server may have moved since.
  if (joined) return server === undefined ? joined : { ...joined, access: { ...joined.access, server } };
  const text = tokenText(options);
  if (server === undefined || text === undefined)
    throw new UsageError(`${dir} holds no identity: give --server URL and a join token (riverctl node join-token) with --token-file FILE`);
  const token = parseJoinToken(text.trim());
  if (!token)
    throw new UsageError('this is no join token: it has three parts with dots between them, as riverctl node join-token prints it');
  return joinNode({
    clock: systemClock,
    dir,
    server,
    token,
    node,
    inventory: JSON.stringify(readInventory()),
    timeoutMs: approvalMs,
    signal,
    onWaiting: (name) => log.info(`waiting to be approved: riverctl node approve ${name}`),
  });
}

function tokenText({ token, tokenFile }: AgentOptions): string | undefined {
  if (tokenFile === undefined) return token;
  try {
    return readFileSync(tokenFile === '-' ? 0 : tokenFile, 'utf8');
  } catch (error) {
    throw new UsageError(`--token-file ${tokenFile} cannot be read: ${error instanceof Error && 'code' in error ? error.code : error}`);
  }
}
