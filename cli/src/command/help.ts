import { flagUsages } from '@oclif/core/parser';
import type { Command } from './command.ts';
import { commandTable } from './command-table.ts';
import { globalFlags } from './parse-arguments.ts';

/** The commands, or those of a topic (`user`), a line each. */
export const overview = (topic = ''): string => {
  const names = Object.keys(commandTable)
    .filter((name) => topic === '' || name.startsWith(`${topic} `))
    .sort();
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => `  ${name.padEnd(width)}  ${commandTable[name]?.summary}`);
  return [
    'riverctl: the command line of River',
    '',
    `Usage: riverctl ${topic && `${topic} `}COMMAND [flags]`,
    '',
    ...lines,
    '',
    `riverctl ${topic && `${topic} `}COMMAND --help says more.`,
    '',
  ].join('\n');
};

const rows = (pairs: [string, string | undefined][]): string[] => {
  const width = Math.max(...pairs.map(([left]) => left.length));
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}  ${right ?? ''}`.trimEnd());
};

const flagRows = (flags: Command['flags']): string[] =>
  rows(
    flagUsages(
      Object.entries(flags).map(([name, flag]) => ({ ...flag, name })),
      { displayRequired: false },
    ),
  );

/** Everything about one command. */
export const commandHelp = (command: Command): string => {
  const own = Object.keys(command.flags).length > 0 ? ['', 'Flags:', ...flagRows(command.flags)] : [];
  return [
    command.summary,
    '',
    `Usage: riverctl ${command.name} ${command.usage}`.trimEnd(),
    ...own,
    '',
    'Flags of every command:',
    ...flagRows(globalFlags),
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
    '',
  ].join('\n');
};
