import * as Flags from '@oclif/core/flags';
import type { OutputQuery } from '@river/runtime';
import { command } from '../command/command.ts';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { oneTask, standingOf, tasks } from '../task/tasks.ts';
import { followTask } from '../task-output/follow-task.ts';
import { outputWriter } from '../task-output/output-writer.ts';
import { showAttempt } from '../task-output/show-attempt.ts';
import { parseDurationMs } from '../wait/duration.ts';

/** `10m` ago, or a time, in nanoseconds since 1970. @throws UsageError */
export const parseSince = (text: string, nowMs: number): bigint => {
  const atMs = /^\d{4}-/.test(text) ? Date.parse(text) : nowMs - parseDurationMs(text);
  if (Number.isNaN(atMs)) throw new UsageError(`"${text}" is no time: write 10m, or 2026-01-31T12:00:00Z`);
  return BigInt(Math.round(atMs)) * 1_000_000n;
};

export const taskLogsCommand = command({
  name: 'task logs',
  summary: 'show what a Task has written: stdout to stdout, stderr to stderr',
  usage: 'NAME',
  examples: [
    'riverctl task logs train-1 -f',
    'riverctl task logs train-1 --since 10m --stderr --timestamps',
    'riverctl task logs train-1 --attempt 1',
  ],
  flags: {
    follow: Flags.boolean({ char: 'f', description: 'go on as it comes, also with the next attempt, until the Task is over' }),
    since: Flags.string({ helpValue: 'DURATION | TIME', description: 'only what was written since: 10m, 2026-01-31T12:00:00Z' }),
    tail: Flags.integer({ min: 0, helpValue: 'N', description: 'only the last lines' }),
    stdout: Flags.boolean({ description: 'only what it wrote to stdout' }),
    stderr: Flags.boolean({ description: 'only what it wrote to stderr' }),
    timestamps: Flags.boolean({ description: 'with the time before each line' }),
    attempt: Flags.integer({ min: 1, helpValue: 'N', description: 'of this attempt only (default: the newest)' }),
  },
  run: async ({ args, flags }, context) => {
    if (context.isJson) throw new UsageError('task logs gives the bytes as they were written, which are no JSON: leave --json out');
    const { name, shown } = oneTask(args);
    const client = await context.client();
    const { namespace } = client;
    const task = await client.resource(tasks).get(name, { namespace });
    const { attempts, isOver, phase } = standingOf(task);
    const newest = typeof attempts === 'number' ? attempts : 0;
    const streams = (['stdout', 'stderr'] as const).filter((stream) => flags[stream]);
    const query: OutputQuery = {
      ...(streams.length > 0 && { streams }),
      ...(flags.since !== undefined && { sinceNs: parseSince(flags.since, context.wallMs()) }),
      ...(flags.tail !== undefined && { tail: flags.tail }),
    };
    const onWaiting = (why: string) => context.note(`${shown} waits (${why})`);
    if (flags.follow && flags.attempt === undefined) {
      const from = Math.max(newest, 1);
      await followTask({
        context,
        namespace,
        name,
        uid: task.metadata.uid,
        from,
        query,
        hasTimes: flags.timestamps,
        patienceMs: 0,
        onWaiting,
      });
      return;
    }
    const attempt = flags.attempt ?? newest;
    if (attempt > newest || attempt === 0)
      throw new CommandError(
        'conflict',
        isOver
          ? `${shown} is over (${phase}), and had ${newest === 0 ? 'no attempt' : `${newest} attempts`}: there is nothing to show`
          : `${shown} has not started ${newest === 0 ? '' : `attempt ${attempt} `}(${phase}): wait for it with -f, or see riverctl why ${shown}`,
        'NotStarted',
      );
    const writer = outputWriter(context, flags.timestamps);
    await showAttempt({ context, namespace, task: name, attempt, query: { ...query, ...(flags.follow && { follow: true }) }, writer });
  },
});
