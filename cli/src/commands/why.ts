import { command } from '../command/command.ts';
import { UsageError } from '../command/usage-error.ts';
import { parseTargets, scopeOf } from '../objects/targets.ts';
import { whyLines } from '../task/why-lines.ts';

export const whyCommand = command({
  name: 'why',
  summary: 'say why something waits, what would let it start and when, or why it ended',
  usage: 'KIND/NAME',
  examples: ['riverctl why task/train-1', 'riverctl why placement/t-train-1-x7k2p-1'],
  flags: {},
  run: async ({ args }, context) => {
    const [target, ...more] = parseTargets(await context.discovery(), args);
    const [name, ...others] = target?.names ?? [];
    if (!target || name === undefined || more.length > 0 || others.length > 0) throw new UsageError('name one object: KIND/NAME');
    const client = await context.client();
    const object = await client.resource(target.resource).get(name, scopeOf(target.resource, client, false));
    for (const line of whyLines(object, `${target.resource.singular}/${name}`, context.wallMs())) context.say(line);
    context.result({ object: { kind: object.kind, name, namespace: object.metadata.namespace }, status: object.status ?? {} });
  },
});
