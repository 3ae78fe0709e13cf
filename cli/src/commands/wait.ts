import * as Flags from '@oclif/core/flags';
import { command } from '../command/command.ts';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { fetchTargets, fullName, parseTargets, scopeOf } from '../objects/targets.ts';
import { isMet, parseWanted } from '../wait/conditions.ts';
import { parseDurationMs } from '../wait/duration.ts';
import { waitFor } from '../wait/wait-for.ts';

export const waitCommand = command({
  name: 'wait',
  summary: 'wait until objects meet a condition',
  usage: '(KIND NAME… | KIND/NAME… | KIND -l SELECTOR | KIND --all) --for=CONDITION',
  examples: [
    'riverctl wait task/train-1 --for=condition=Succeeded --timeout=1h',
    "riverctl wait task/train-1 --for=jsonpath='{.status.phase}'=Running",
    'riverctl wait tasks -l run=42 --for=delete',
  ],
  flags: {
    for: Flags.string({
      helpValue: 'CONDITION',
      required: true,
      description: 'create, delete, condition=TYPE[=STATUS] or jsonpath={PATH}[=VALUE]',
    }),
    timeout: Flags.string({ default: '30s', helpValue: 'DURATION', description: 'how long in all; 0 looks once, below zero means a week' }),
    selector: Flags.string({ char: 'l', helpValue: 'SELECTOR', description: 'all objects with these labels' }),
    all: Flags.boolean({ description: 'all objects of the kind' }),
    'all-namespaces': Flags.boolean({ char: 'A', description: 'of every namespace' }),
  },
  run: async ({ args, flags }, context) => {
    const wanted = parseWanted(flags.for);
    const timeoutMs = parseDurationMs(flags.timeout);
    const client = await context.client();
    const targets = parseTargets(await context.discovery(), args);
    const isNamed = targets.every(({ names }) => names.length > 0);
    if (!isNamed && !flags.selector && !flags.all) throw new UsageError('name the objects, or choose them with -l or --all');
    const named = targets.flatMap(({ resource, names }) =>
      names.map((name) => ({ resource, name, namespace: scopeOf(resource, client, false).namespace })),
    );
    const select = { ...(flags.selector && { labelSelector: flags.selector }), isEverywhere: flags['all-namespaces'] };
    const selected = isNamed ? [] : await fetchTargets(client, targets, select);
    const objects = [
      ...named,
      ...selected.map(({ resource, object: { metadata } }) => ({ resource, name: metadata.name, namespace: metadata.namespace })),
    ];
    if (objects.length === 0 && wanted.kind !== 'delete') throw new CommandError('notFound', 'no object matches', 'NotFound');
    const started = performance.now();
    for (const { resource, name, namespace } of objects) {
      const leftMs = Math.max(0, timeoutMs - (performance.now() - started));
      const isMissing = () => {
        if (wanted.kind === 'delete') return true;
        if (wanted.kind === 'create') return false;
        throw new CommandError('notFound', `${fullName(resource, name)} does not exist`, 'NotFound');
      };
      const isDone = (object: Parameters<typeof isMet>[1] | undefined) => (object ? isMet(wanted, object) : isMissing());
      await waitFor({ client, resource, name, namespace, timeoutMs: leftMs, what: flags.for, isDone });
      context.say(`${fullName(resource, name)} condition met`);
    }
    context.result({ for: flags.for, met: objects.map(({ resource, name, namespace }) => ({ kind: resource.kind, name, namespace })) });
  },
});
