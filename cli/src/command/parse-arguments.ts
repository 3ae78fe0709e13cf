import * as Flags from '@oclif/core/flags';
import { type FlagInput, parse } from '@oclif/core/parser';
import type { Command } from './command.ts';
import { UsageError } from './usage-error.ts';

/** Flags that every command takes. */
export const globalFlags = {
  kubeconfig: Flags.string({
    helpGroup: 'GLOBAL',
    helpValue: 'FILE',
    description: 'how to reach the server (default: as kubectl, then ~/.river/kubeconfig)',
  }),
  context: Flags.string({ helpGroup: 'GLOBAL', helpValue: 'NAME', description: 'the context of the kubeconfig to use' }),
  namespace: Flags.string({
    char: 'n',
    helpGroup: 'GLOBAL',
    helpValue: 'NAME',
    description: 'the namespace (default: the one of the context)',
  }),
  json: Flags.boolean({ helpGroup: 'GLOBAL', description: 'one JSON document on stdout, also for an error' }),
  help: Flags.boolean({ char: 'h', helpGroup: 'GLOBAL', description: 'show this help' }),
} satisfies FlagInput;

export interface GlobalValues {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
  json: boolean;
  help: boolean;
}

/** Flags whose value may be left out, and what is then meant: kubectl users write both. */
const impliedValues: Record<string, string> = { '--dry-run': 'server' };

/** `--wait=false` as kubectl takes it, in oclif's terms. */
const normalize = (argv: readonly string[], flags: FlagInput): string[] =>
  argv.flatMap((arg) => {
    const implied = impliedValues[arg];
    if (implied !== undefined && flags[arg.slice(2)]?.type === 'option') return [`${arg}=${implied}`];
    const [, name = '', value] = /^--([a-z-]+)=(true|false)$/.exec(arg) ?? [];
    if (flags[name]?.type !== 'boolean') return [arg];
    if (value === 'true') return [`--${name}`];
    return 'allowNo' in flags[name] && flags[name].allowNo ? [`--no-${name}`] : [];
  });

const refuseUnknownFlags = (args: readonly string[], name: string): void => {
  const unknown = args.find((arg) => arg.startsWith('-') && arg !== '-');
  if (unknown) throw new UsageError(`${name} has no flag ${unknown} (see riverctl ${name} --help)`);
};

export interface ParsedArguments {
  args: string[];
  commandLine: string[];
  flags: GlobalValues & Record<string, unknown>;
}

export const parseArguments = async (definition: Command, argv: readonly string[]): Promise<ParsedArguments> => {
  const flags: FlagInput = { ...globalFlags, ...definition.flags };
  const end = definition.takesCommand ? argv.indexOf('--') : -1;
  const [own, commandLine] = end < 0 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)];
  const parsed = await parse(normalize(own, flags), { flags, strict: false } as Parameters<typeof parse>[1]);
  const args = parsed.argv.map(String);
  refuseUnknownFlags(args, definition.name);
  // oclif leaves out a boolean that was not given; everyone else wants false.
  const absent = Object.entries(flags).filter(([name, flag]) => flag.type === 'boolean' && parsed.flags[name] === undefined);
  const values = { ...parsed.flags, ...Object.fromEntries(absent.map(([name]) => [name, false])) };
  return { args, commandLine, flags: values as ParsedArguments['flags'] };
};
