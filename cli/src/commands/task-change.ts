import type { JsonObject } from '@river/crds';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { someNamed } from '../task/tasks.ts';

/** Writes a field of what is wanted; what comes of it is the controllers' to say. */
const change = async (context: Context, args: readonly string[], spec: JsonObject, done: string) => {
  const named = someNamed(args);
  const client = await context.client();
  const results = [];
  for (const { resource, name, shown } of named) {
    results.push(
      await client.resource(resource).patch(name, { spec }, { type: 'merge', fieldManager: 'riverctl', namespace: client.namespace }),
    );
    context.say(`${shown} ${done}`);
  }
  context.result({ items: results });
};

const usage = '(NAME | task/NAME | taskset/NAME)…';

export const taskKillCommand = command({
  name: 'task kill',
  summary: 'end Tasks for good: first the polite signal, after the grace period the other',
  usage,
  examples: ['riverctl task kill train-1', 'riverctl task kill taskset/sweep'],
  flags: {},
  run: ({ args }, context) => change(context, args, { cancel: true }, 'is being ended'),
});

export const taskPauseCommand = command({
  name: 'task pause',
  summary: 'hold Tasks: what has not started waits, what runs is paused',
  usage,
  examples: ['riverctl task pause train-1'],
  flags: {},
  run: ({ args }, context) => change(context, args, { suspend: true }, 'is held'),
});

export const taskResumeCommand = command({
  name: 'task resume',
  summary: 'let Tasks go on that were held',
  usage,
  examples: ['riverctl task resume train-1'],
  flags: {},
  run: ({ args }, context) => change(context, args, { suspend: false }, 'goes on'),
});
