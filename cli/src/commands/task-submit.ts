import * as Flags from '@oclif/core/flags';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { CommandError, failureOf } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { submission } from '../task/submission.ts';
import { standingOf, taskSets, tasks } from '../task/tasks.ts';
import { parseDurationMs } from '../wait/duration.ts';
import { waitFor } from '../wait/wait-for.ts';

interface Waiting {
  resource: typeof tasks | typeof taskSets;
  name: string;
  namespace: string;
  uid: string | undefined;
  timeoutMs: number;
}

/** Longer than a gateway and an agent take to start anew. */
const patienceMs = 30_000;

/** Shows what it writes, as it comes. What keeps that from being shown keeps nobody from waiting for its end. */
const showOutput = async (context: Context, { name, namespace, uid }: Waiting): Promise<void> => {
  const { followTask } = await import('../task-output/follow-task.ts');
  try {
    await followTask({ context, namespace, name, uid, from: 1, query: {}, hasTimes: false, patienceMs, onWaiting: () => {} });
  } catch (error) {
    const { message } = failureOf(error);
    context.note(`the output of ${name} cannot be shown: ${message}`);
  }
};

/** What goes without saying, when there is no more to say than that. */
const wellPhases = ['Assigned', 'Starting', 'Running', 'Succeeded'];

/** Waits for its end, tells on stderr what it goes through, and gives the exit code of its program as riverctl's own. */
const untilOver = async (context: Context, waiting: Waiting): Promise<number> => {
  const client = await context.client();
  let last = '';
  let code = 0;
  await waitFor({
    ...waiting,
    client,
    what: 'over',
    isDone(object) {
      if (!object) throw new CommandError('notFound', `${waiting.name} was deleted before it was over`, 'NotFound');
      const { phase, isOver, exitCode, reason, message } = standingOf(object);
      const line = [phase, reason, message].filter((text) => typeof text === 'string' && text !== '').join(': ');
      // While all goes well, stderr is the program's.
      if (line !== last && !wellPhases.includes(line)) context.note(`${waiting.name}: ${line}`);
      last = line;
      code = exitCode ?? (phase === 'Succeeded' ? 0 : 1);
      return isOver;
    },
  });
  return code;
};

export const taskSubmitCommand = command({
  name: 'task submit',
  summary: 'run a command somewhere: makes a Task, or a TaskSet of many',
  usage: '--image IMAGE [flags] [-- COMMAND…]',
  examples: [
    'riverctl task submit --image busybox --wait -- echo hello',
    'riverctl task submit --image train:3 -c 8 -m 64Gi --gpus H200:2 --timeout 12h --retries 2 -- python train.py',
    'riverctl task submit --image busybox -t tiger -t lion::0 -- hostname',
    'riverctl task submit --image train:3 --sweep lr=0.1,0.01 --sweep seed=1,2,3 --parallelism 2 -- ./run.sh',
  ],
  takesCommand: true,
  flags: {
    image: Flags.string({ required: true, helpValue: 'IMAGE', description: 'the container image' }),
    name: Flags.string({ helpValue: 'NAME', description: 'its name (default: after its program, with an end that is made up)' }),
    target: Flags.string({
      char: 't',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NODE[:NUMA][::GPU,…]',
      description: 'where it may run; given more than once: one Task at each',
    }),
    cpu: Flags.string({ char: 'c', helpValue: 'AMOUNT', description: 'CPU cores: 2, 500m (default 1)' }),
    memory: Flags.string({ char: 'm', helpValue: 'AMOUNT', description: 'memory: 16Gi' }),
    gpus: Flags.string({ helpValue: 'COUNT | MODEL[:COUNT]', description: 'GPUs: 2, H200, H200:2' }),
    env: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME=VALUE',
      description: 'an environment variable; NAME=secret:SECRET/KEY takes it from a Secret',
    }),
    mount: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FROM:/INSIDE[:ro]',
      description: '/HOST/FOLDER, shared[/FOLDER], secret/NAME or scratch, and where it appears',
    }),
    privileged: Flags.boolean({ description: 'with the powers of the host, where the namespace allows it' }),
    array: Flags.integer({ min: 1, helpValue: 'N', description: 'so many Tasks, numbered by RIVER_INDEX' }),
    sweep: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME=VALUE,…',
      description: 'one Task for each combination of values, given in environment variables',
    }),
    zip: Flags.boolean({ description: 'the first values of each sweep together, then the second, and so on' }),
    parallelism: Flags.integer({ min: 0, helpValue: 'N', description: 'of many Tasks, the most that are under way at once (default 10)' }),
    retries: Flags.integer({ min: 0, helpValue: 'N', description: 'more attempts after one that failed' }),
    timeout: Flags.string({ helpValue: 'DURATION', description: 'the longest that one attempt may run: 30m, 12h' }),
    queue: Flags.string({ helpValue: 'QUEUE', description: "the Queue that is charged (default: the namespace's own)" }),
    priority: Flags.integer({ helpValue: 'N', description: 'higher starts first' }),
    after: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'TASK',
      description: 'only once this Task has succeeded',
    }),
    approval: Flags.boolean({ description: 'only once somebody has agreed (riverctl task approve)' }),
    hold: Flags.boolean({ description: 'not before riverctl task resume' }),
    'dry-run': Flags.boolean({ description: 'only ask the server whether it would take it' }),
    wait: Flags.boolean({ description: "show what it writes, wait for its end, and end with its program's exit code" }),
    'wait-timeout': Flags.string({ helpValue: 'DURATION', default: '-1s', description: 'the longest to wait (default a week)' }),
  },
  run: async ({ args, flags, commandLine = [] }, context): Promise<number> => {
    if (args.length > 0) throw new UsageError(`"${args[0]}" is no flag: the command to run stands after --`);
    const timeoutMs = parseDurationMs(flags['wait-timeout']);
    const client = await context.client();
    const wanted = submission(flags, commandLine, client.namespace);
    const resource = wanted.kind === 'TaskSet' ? taskSets : tasks;
    const made = await client.resource(resource).create(wanted, { fieldManager: 'riverctl', dryRun: flags['dry-run'] });
    const { name, uid } = made.metadata;
    const line = `${wanted.kind.toLowerCase()}.river.dev/${name} created${flags['dry-run'] ? ' (server dry run)' : ''}`;
    // With --wait, stdout is the program's.
    if (flags.wait) context.note(line);
    else context.say(line);
    if (!flags.wait || flags['dry-run']) {
      context.result(made);
      return 0;
    }
    const waiting = { resource, name, namespace: client.namespace, uid, timeoutMs };
    // With --json, stdout is one document.
    const shown = resource === tasks && !context.isJson ? showOutput(context, waiting) : Promise.resolve();
    const code = await untilOver(context, waiting);
    await shown;
    context.result(await client.resource(resource).get(name, { namespace: client.namespace }));
    return code;
  },
});
