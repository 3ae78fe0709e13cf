import * as Flags from '@oclif/core/flags';
import type { Json, KubeObject } from '@river/crds';
import { command } from '../command/command.ts';
import { CommandError } from '../command/exit-code.ts';
import { eventHeader, eventRow, listEvents } from '../objects/events-of.ts';
import { fetchTargets, parseTargets } from '../objects/targets.ts';
import { alignColumns } from '../output/columns.ts';
import { fieldLines } from '../output/describe-fields.ts';

const head = ({ apiVersion, kind, metadata }: KubeObject): Record<string, Json> => ({
  name: metadata.name,
  ...(metadata.namespace && { namespace: metadata.namespace }),
  labels: metadata.labels ?? {},
  annotations: metadata.annotations ?? {},
  apiVersion,
  kind,
  created: metadata.creationTimestamp ?? null,
  ...(metadata.deletionTimestamp && { deletionRequested: metadata.deletionTimestamp }),
  ...(metadata.finalizers && { finalizers: metadata.finalizers }),
  ...(metadata.ownerReferences && { owners: metadata.ownerReferences.map(({ kind: owner, name }) => `${owner}/${name}`) }),
});

const describe = (object: KubeObject, events: readonly KubeObject[], wallMs: number): string => {
  const { apiVersion: _, kind: __, metadata: ___, ...body } = object;
  // What is left after metadata is plain JSON.
  const lines = [...fieldLines(head(object)), ...fieldLines(body as Record<string, Json>)];
  if (events.length === 0) return [...lines, 'Events:  <none>', ''].join('\n');
  const rows = [eventHeader, ...events.map((event) => eventRow(event, wallMs))].map(
    ([seen = '', type = '', reason = '', , message = '']) => [seen, type, reason, message],
  );
  return [...lines, 'Events:', ...alignColumns(rows).map((line) => `  ${line}`), ''].join('\n');
};

export const describeCommand = command({
  name: 'describe',
  summary: 'show an object and its events in words',
  usage: '(KIND [NAME…] | KIND/NAME…)',
  examples: ['riverctl describe task train-1', 'riverctl describe tasks -l team=vision'],
  flags: {
    selector: Flags.string({ char: 'l', helpValue: 'SELECTOR', description: 'all objects with these labels' }),
    'all-namespaces': Flags.boolean({ char: 'A', description: 'of every namespace' }),
  },
  run: async ({ args, flags }, context) => {
    const client = await context.client();
    const select = { ...(flags.selector && { labelSelector: flags.selector }), isEverywhere: flags['all-namespaces'] };
    const found = await fetchTargets(client, parseTargets(await context.discovery(), args), select);
    if (found.length === 0) throw new CommandError('notFound', 'no object matches', 'NotFound');
    const described = await Promise.all(
      found.map(async ({ object }) => {
        const { namespace = 'default', uid, name } = object.metadata;
        const fieldSelector = `involvedObject.name=${name}${uid ? `,involvedObject.uid=${uid}` : ''}`;
        return { object, events: await listEvents(client, { namespace, fieldSelector }) };
      }),
    );
    context.result(described);
    context.say(
      described
        .map(({ object, events }) => describe(object, events, context.wallMs()))
        .join('\n\n')
        .trimEnd(),
    );
  },
});
