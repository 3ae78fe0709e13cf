import type { Command } from './command/command.ts';
import { commandTable } from './command/command-table.ts';
import { failureOf } from './command/exit-code.ts';
import { makeContext } from './command/make-context.ts';
import { parseArguments } from './command/parse-arguments.ts';
import { UsageError } from './command/usage-error.ts';

const withValue = new Set(['--kubeconfig', '--context', '--namespace', '-n']);

const isTopic = (name: string): boolean => Object.keys(commandTable).some((known) => known.startsWith(`${name} `));

/** The command's name may follow global flags, as in `riverctl -n lab get tasks`, and may be of several words: `user create`. */
const splitName = (argv: readonly string[]): { name: string | undefined; rest: string[] } => {
  let name: string | undefined;
  const rest: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const arg = argv[at] ?? '';
    const longer = name === undefined ? arg : `${name} ${arg}`;
    if (withValue.has(arg)) rest.push(arg, ...argv.slice(++at, at + 1));
    else if (arg.startsWith('-')) rest.push(arg);
    else if (name === undefined || Object.hasOwn(commandTable, longer) || isTopic(longer)) name = longer;
    else return { name, rest: [...rest, ...argv.slice(at)] };
  }
  return { name, rest };
};

const load = async (name: string): Promise<Command> => {
  const entry = Object.hasOwn(commandTable, name) ? commandTable[name] : undefined;
  if (entry) return entry.load();
  if (isTopic(name)) throw new UsageError(`${name} is more than one command: riverctl help ${name} lists them`);
  const letters = [...name].sort().join();
  const isNear = (known: string) => known.startsWith(name.slice(0, 2)) || [...known].sort().join() === letters;
  const near = name === '' ? [] : Object.keys(commandTable).filter(isNear);
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'riverctl help lists them';
  throw new UsageError(`there is no command "${name}": ${hint}`);
};

const showHelp = async (topic: string): Promise<number> => {
  const { commandHelp, overview } = await import('./command/help.ts');
  const isMany = topic === '' || (isTopic(topic) && !Object.hasOwn(commandTable, topic));
  process.stdout.write(isMany ? overview(topic) : commandHelp(await load(topic)));
  return 0;
};

const runCommand = async (command: Command, argv: readonly string[]): Promise<number> => {
  const { args, flags, commandLine } = await parseArguments(command, argv);
  if (flags.help) return showHelp(command.name);
  const context = makeContext(flags, flags.json);
  try {
    // `command()` has tied these flags to their definitions; the parser has just checked them.
    const code = await command.run({ args, commandLine, flags: flags as never }, context);
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
    if (name === undefined || name === 'help') return await showHelp(rest.filter((arg) => !arg.startsWith('-')).join(' '));
    if (isTopic(name) && !Object.hasOwn(commandTable, name) && rest.some((arg) => arg === '--help' || arg === '-h'))
      return await showHelp(name);
    return await runCommand(await load(name), rest);
  } catch (error) {
    return report(error, argv.includes('--json'));
  }
};
