import type { Command } from './command/command.ts';
import { commandTable } from './command/command-table.ts';
import { failureOf } from './command/exit-code.ts';
import { makeContext } from './command/make-context.ts';
import { parseArguments } from './command/parse-arguments.ts';
import { UsageError } from './command/usage-error.ts';

const withValue = new Set(['--kubeconfig', '--context', '--namespace', '-n']);

/** The command's name may follow global flags, as in `riverctl -n lab get tasks`. */
const splitName = (argv: readonly string[]): { name: string | undefined; rest: string[] } => {
  for (let at = 0; at < argv.length; at++) {
    const arg = argv[at] ?? '';
    if (withValue.has(arg)) at++;
    else if (!arg.startsWith('-')) return { name: arg, rest: argv.toSpliced(at, 1) };
  }
  return { name: undefined, rest: [...argv] };
};

const load = async (name: string): Promise<Command> => {
  const entry = Object.hasOwn(commandTable, name) ? commandTable[name] : undefined;
  if (entry) return entry.load();
  const letters = [...name].sort().join();
  const isNear = (known: string) => known.startsWith(name.slice(0, 2)) || [...known].sort().join() === letters;
  const near = name === '' ? [] : Object.keys(commandTable).filter(isNear);
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'riverctl help lists them';
  throw new UsageError(`there is no command "${name}": ${hint}`);
};

const showHelp = async (topic: string | undefined): Promise<number> => {
  const { commandHelp, overview } = await import('./command/help.ts');
  process.stdout.write(topic === undefined ? overview() : commandHelp(await load(topic)));
  return 0;
};

const runCommand = async (command: Command, argv: readonly string[]): Promise<number> => {
  const { args, flags } = await parseArguments(command, argv);
  if (flags.help) return showHelp(command.name);
  const context = makeContext(flags, flags.json);
  try {
    // `command()` has tied these flags to their definitions; the parser has just checked them.
    const code = await command.run({ args, flags: flags as never }, context);
    return typeof code === 'number' ? code : 0;
  } finally {
    context.close();
  }
};

const report = (error: unknown, isJson: boolean): number => {
  const failure = failureOf(error);
  if (isJson) process.stdout.write(`${JSON.stringify({ error: failure }, null, 2)}\n`);
  else process.stderr.write(`riverctl: ${failure.message}\n`);
  return failure.exitCode;
};

/** Runs riverctl. Returns the exit code; everything that went wrong has then been said. */
export const main = async (argv: readonly string[]): Promise<number> => {
  const { name, rest } = splitName(argv);
  try {
    const isLost = name === undefined && rest.some((arg) => arg !== '--help' && arg !== '-h');
    if (isLost) throw new UsageError(`name a command beside ${rest[0]}: riverctl help lists them`);
    if (name === undefined || name === 'help') return await showHelp(rest.find((arg) => !arg.startsWith('-')));
    return await runCommand(await load(name), rest);
  } catch (error) {
    return report(error, argv.includes('--json'));
  }
};
