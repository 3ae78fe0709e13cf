import { existsSync, statSync } from 'node:fs';
import * as Flags from '@oclif/core/flags';
import { type BackupSummary, backupCheck } from '../backup/backup-check.ts';
import { newFile } from '../backup/new-file.ts';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';

/** A server that says nothing for so long has hung. */
const idleMs = 60_000;

/** Passes every piece on at the pace of `write`. @throws CommandError when the backup did not come whole. */
const receive = async (context: Context, write: (piece: Uint8Array) => void | Promise<void>): Promise<BackupSummary> => {
  const check = backupCheck();
  const client = await context.client();
  for await (const piece of client.download({ path: '/backup', idleMs, signal: context.interrupted() })) {
    check.add(piece);
    await write(piece);
  }
  return check.finish();
};

const refuseOverwrite = (path: string, isForced: boolean): void => {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`${path} is a folder: name a file in it`);
  if (!isForced && existsSync(path)) throw new CommandError('conflict', `${path} exists: choose another name, or replace it with --force`);
};

const toFile = async (context: Context, path: string, isForced: boolean): Promise<BackupSummary> => {
  refuseOverwrite(path, isForced);
  const file = newFile(path);
  try {
    const summary = await receive(context, file.write);
    refuseOverwrite(path, isForced);
    file.keep();
    return summary;
  } finally {
    file.discard();
  }
};

const toStdout = async (context: Context): Promise<void> => {
  if (context.isJson) throw new UsageError('--json and - would both write to stdout: name a file');
  if (context.isTerminal) throw new UsageError('a backup is not for a terminal: name a file, or use a pipe');
  await receive(context, context.writeBytes);
};

export const backupCommand = command({
  name: 'backup',
  summary: 'write all that the server keeps into a file',
  usage: 'FILE',
  examples: ['riverctl backup river-$(date +%F).backup', 'riverctl backup - | gpg --encrypt -r ops > river.backup.gpg'],
  flags: { force: Flags.boolean({ description: 'replace the file when there is one' }) },
  run: async ({ args, flags }, context) => {
    const [path, ...more] = args;
    if (path === undefined || more.length > 0) throw new UsageError('name one file to write the backup to, or - for stdout');
    if (path === '-') return toStdout(context);
    const { entries, revision, isSealed } = await toFile(context, path, flags.force);
    const care = isSealed ? 'its Secrets are sealed: keep the key ring apart from it' : 'whoever can read it can read every Secret';
    context.say(`${path}: ${entries} objects, as of revision ${revision}; ${care}`);
    context.result({ file: path, entries, revision, isSealed });
  },
});
