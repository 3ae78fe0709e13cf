import { homedir } from 'node:os';
import { join } from 'node:path';
import * as Flags from '@oclif/core/flags';
import type { ChainHead } from '@river/runtime';
import { auditFiles } from '../audit/audit-files.ts';
import { type Entry, memberOf, nameOf, searchLines, type Wanted } from '../audit/search-lines.ts';
import { verifyChain } from '../audit/verify-chain.ts';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { printable } from '../output/columns.ts';
import { parseDurationMs } from '../wait/duration.ts';

/** The log of the River on this machine. */
const pathsOf = (args: string[], { env }: Context): string[] =>
  args.length > 0 ? args : [join(env.RIVER_DATA || join(env.HOME || homedir(), '.river'), 'audit')];

function parseHead(text: string | undefined): ChainHead | undefined {
  if (text === undefined) return undefined;
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash === undefined) throw new UsageError('--after is a line as /audit-head says it: SEQ:HASH, a number and 64 hexadecimal digits');
  return { seq: Number(seq), hash };
}

export const auditVerifyCommand = command({
  name: 'audit verify',
  summary: 'see whether the audit log on this machine is whole and unchanged',
  usage: '[DIR | FILE…]',
  examples: ['riverctl audit verify', 'riverctl audit verify /var/lib/river/audit --after 1234:9f86d0…'],
  flags: { after: Flags.string({ helpValue: 'SEQ:HASH', description: 'a line that was noted elsewhere, and must still be there' }) },
  run: async ({ args, flags }, context) => {
    const verdict = verifyChain(auditFiles(pathsOf(args, context)), parseHead(flags.after));
    const { files, lines, first, head, notes, flaw } = verdict;
    for (const note of notes) context.note(`riverctl: ${printable(note)}`);
    context.result(verdict);
    if (flaw && context.isJson) return 1;
    if (flaw) throw new CommandError('failed', printable(`${flaw.file}:${flaw.line}: ${flaw.what}: ${flaw.why}`), 'Tampered');
    context.say(`${lines} lines in ${files} files are whole and in order: ${first} to ${head.seq}`);
    context.say(`head: ${head.seq}:${head.hash}`);
    return 0;
  },
});

const text = (helpValue: string, description: string) => Flags.string({ helpValue, description });

export const auditSearchCommand = command({
  name: 'audit search',
  summary: 'look for requests in the audit log on this machine',
  usage: '[DIR | FILE…]',
  examples: ['riverctl audit search --user alice --since 24h', 'riverctl audit search --resource secrets --verb get --json'],
  flags: {
    user: text('NAME', 'who asked, or acted as another'),
    verb: text('VERB', 'get, list, watch, create, update, patch, delete or deletecollection'),
    resource: text('PLURAL', 'such as secrets, tasks.river.dev or serviceaccounts/token'),
    name: text('NAME', 'of the object'),
    since: text('WHEN', 'a time such as 2026-03-01T08:00Z, or how long ago: 30m, 24h'),
    until: text('WHEN', 'the same'),
    code: text('CODE', 'of the answer: 201, or 4xx'),
    decision: text('DECISION', 'allowed or refused'),
  },
  run: async ({ args, flags }, context) => {
    const wanted: Wanted = {
      ...{ user: flags.user, verb: flags.verb, resource: flags.resource, name: flags.name, decision: flags.decision },
      namespace: context.namespaceFlag,
      sinceMs: parseWhen(flags.since, context.wallMs()),
      untilMs: parseWhen(flags.until, context.wallMs()),
      code: parseCode(flags.code),
    };
    const format = context.isJson ? (entry: Entry) => JSON.stringify(entry) : inWords;
    for (const batch of batchesOf(searchLines(auditFiles(pathsOf(args, context)).files, wanted)))
      await context.writeBytes(Buffer.from(batch.map((entry) => `${format(entry)}\n`).join('')));
  },
});

/** Few large writes instead of many small ones. */
function* batchesOf(entries: Iterable<Entry>): Generator<Entry[]> {
  let batch: Entry[] = [];
  for (const entry of entries) {
    batch.push(entry);
    if (batch.length < 100) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

function parseWhen(given: string | undefined, nowMs: number): number | undefined {
  if (given === undefined) return undefined;
  if (/^[\d.]+(ms|s|m|h)/.test(given)) return nowMs - parseDurationMs(given);
  const at = Date.parse(given);
  if (Number.isNaN(at)) throw new UsageError(`"${given}" is no time: write 2026-03-01T08:00Z, or how long ago, such as 24h`);
  return at;
}

function parseCode(given: string | undefined): RegExp | undefined {
  if (given === undefined) return undefined;
  if (!/^[1-5][\dx][\dx]$/.test(given)) throw new UsageError(`"${given}" is no code: write 201, or 4xx`);
  return new RegExp(`^${given.replaceAll('x', '\\d')}$`);
}

/** One line for a person. */
function inWords(entry: Entry): string {
  const { time, verb, group, resource, subresource, namespace, code, reason, decision, dryRun } = entry;
  const user = memberOf(entry.user, 'name') ?? '(nobody)';
  const behind = memberOf(entry.impersonator, 'name');
  const kind = resource === undefined ? entry.path : `${resource}${group ? `.${group}` : ''}${subresource ? `/${subresource}` : ''}`;
  const object = [namespace, nameOf(entry)].filter((part) => part !== undefined).join('/');
  const outcome = code === undefined ? '(no answer recorded)' : `${code}${reason ? ` ${reason}` : ''}`;
  const words = [
    time,
    outcome,
    `${user}${behind === undefined ? '' : ` (by ${behind})`}`,
    memberOf(entry.from, 'address'),
    verb,
    kind,
    object,
  ];
  const marks = [decision === 'refused' && 'refused', dryRun && 'dry run'];
  return printable([...words, ...marks].filter((word) => word !== undefined && word !== '' && word !== false).join('  '));
}
