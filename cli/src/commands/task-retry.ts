import { isObject, type KubeObject } from '@river/crds';
import { command } from '../command/command.ts';
import { CommandError } from '../command/exit-code.ts';
import { oneTask, standingOf, tasks } from '../task/tasks.ts';

export const taskRetryCommand = command({
  name: 'task retry',
  summary: 'run a Task that is over once more, as a new Task',
  usage: 'NAME',
  examples: ['riverctl task retry train-1'],
  flags: {},
  run: async ({ args }, context) => {
    const { name, shown } = oneTask(args);
    const client = await context.client();
    const old = await client.resource(tasks).get(name, { namespace: client.namespace });
    const { isOver, phase } = standingOf(old);
    if (!isOver) throw new CommandError('conflict', `${shown} is not over (${phase})`, 'Conflict');
    const { cancel: _, suspend: __, ...spec } = isObject(old.spec) ? old.spec : {};
    const again = {
      apiVersion: old.apiVersion,
      kind: old.kind,
      // Without its annotations: they say who applied the old one, and with what.
      metadata: { generateName: `${name.slice(0, 50)}-`, namespace: client.namespace, labels: old.metadata.labels ?? {} },
      spec,
    };
    // The server makes up the end of its name.
    const made = await client.resource(tasks).create(again as unknown as KubeObject, { fieldManager: 'riverctl' });
    context.say(`task.river.dev/${made.metadata.name} created`);
    context.result(made);
  },
});
