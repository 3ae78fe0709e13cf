import { command } from '../command/command.ts';
import { UsageError } from '../command/usage-error.ts';
import { someNamed } from '../task/tasks.ts';
import { describeCommand } from './describe.ts';
import { getCommand } from './get.ts';

/** `task list`, `task watch` and `task status` are `get` and `describe` of Tasks, for fingers that are in `task` already. */

export const taskListCommand = command({
  name: 'task list',
  summary: 'list Tasks',
  usage: '',
  examples: ['riverctl task list', 'riverctl task list -A -o wide', 'riverctl task list --field-selector status.phase=Running'],
  flags: getCommand.flags,
  run: ({ args, flags }, context) => {
    if (args.length > 0) throw new UsageError(`task list takes no names: riverctl task status ${args[0]}`);
    return getCommand.run({ args: ['tasks.river.dev'], flags: flags as never }, context);
  },
});

export const taskWatchCommand = command({
  name: 'task watch',
  summary: 'follow what becomes of Tasks, until interrupted',
  usage: '[NAME]',
  examples: ['riverctl task watch', 'riverctl task watch train-1'],
  flags: getCommand.flags,
  run: ({ args, flags }, context) => {
    const names = args.length > 0 ? someNamed(args).map(({ name }) => name) : [];
    const watching: Record<string, unknown> = { ...flags, watch: true };
    return getCommand.run({ args: ['tasks.river.dev', ...names], flags: watching as never }, context);
  },
});

export const taskStatusCommand = command({
  name: 'task status',
  summary: 'show where Tasks stand, and their events',
  usage: '(NAME | task/NAME | taskset/NAME)…',
  examples: ['riverctl task status train-1'],
  flags: describeCommand.flags,
  run: ({ args, flags }, context) =>
    describeCommand.run(
      { args: someNamed(args).map(({ resource, name }) => `${resource.plural}/${name}`), flags: flags as never },
      context,
    ),
});
