import * as Flags from '@oclif/core/flags';
import { command } from '../command/command.ts';
import { UsageError } from '../command/usage-error.ts';
import { eventHeader, eventRow, listEvents } from '../objects/events-of.ts';
import { parseTargets } from '../objects/targets.ts';
import { alignColumns } from '../output/columns.ts';
import { watchTarget } from '../wait/watch-target.ts';

export const eventsCommand = command({
  name: 'events',
  summary: 'list events, newest last',
  usage: '',
  examples: ['riverctl events', 'riverctl events --for task/train-1 -w', 'riverctl events -A --types=Warning'],
  flags: {
    for: Flags.string({ helpValue: 'KIND/NAME', description: 'only about this object' }),
    types: Flags.string({ helpValue: 'TYPE,…', description: 'only of these types: Normal, Warning' }),
    'all-namespaces': Flags.boolean({ char: 'A', description: 'of every namespace' }),
    watch: Flags.boolean({ char: 'w', description: 'go on and print new ones' }),
  },
  run: async ({ flags }, context) => {
    const client = await context.client();
    const [about] = flags.for === undefined ? [] : parseTargets(await context.discovery(), [flags.for]);
    if (flags.for !== undefined && about?.names.length !== 1) throw new UsageError('--for needs KIND/NAME');
    const types = flags.types?.split(',').map((type) => type.trim().toLowerCase());
    const fieldSelector = about && `involvedObject.kind=${about.resource.kind},involvedObject.name=${about.names[0]}`;
    const scope = flags['all-namespaces'] ? {} : { namespace: client.namespace };
    const isWanted = (type: unknown) => !types || types.includes(String(type).toLowerCase());
    const found = (await listEvents(client, { ...scope, ...(fieldSelector && { fieldSelector }) })).filter(({ type }) => isWanted(type));
    const withNamespace = flags['all-namespaces'];
    const row = (event: (typeof found)[number]) => [
      ...(withNamespace ? [event.metadata.namespace ?? ''] : []),
      ...eventRow(event, context.wallMs()),
    ];
    const layout = { widths: [] };
    if (found.length === 0) context.note(`no events${scope.namespace ? ` in namespace ${scope.namespace}` : ''}`);
    else
      for (const line of alignColumns([[...(withNamespace ? ['NAMESPACE'] : []), ...eventHeader], ...found.map(row)], layout))
        context.say(line);
    if (!flags.watch) return context.result({ items: found });
    const known = new Set(found.map(({ metadata }) => `${metadata.uid}/${metadata.resourceVersion}`));
    const path = scope.namespace ? `/api/v1/namespaces/${scope.namespace}/events` : '/api/v1/events';
    for await (const { type, object } of watchTarget({ client, path, query: { fieldSelector } })) {
      if (type === 'DELETED' || !isWanted(object.type) || known.has(`${object.metadata.uid}/${object.metadata.resourceVersion}`)) continue;
      if (context.isJson) context.write(`${JSON.stringify(object)}\n`);
      for (const line of alignColumns([row(object)], layout)) context.say(line);
    }
  },
});
