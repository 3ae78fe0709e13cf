import * as Flags from '@oclif/core/flags';
import { isObject, type JsonObject } from '@river/crds';
import type { ApiClient, DiscoveredResource } from '@river/runtime';
import { command } from '../command/command.ts';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { parseTargets } from '../objects/targets.ts';
import { explainLines, fieldsOf, type Schemas, typeName, walk } from '../output/explain-schema.ts';

interface OpenApiIndex {
  paths: Record<string, { serverRelativeURL: string }>;
}

const fetchSchemas = async (client: ApiClient, { group, version }: DiscoveredResource): Promise<Schemas> => {
  const { paths } = await client.json<OpenApiIndex>({ method: 'GET', path: '/openapi/v3' });
  const entry = paths[group ? `apis/${group}/${version}` : `api/${version}`];
  if (!entry) throw new CommandError('notFound', `the server publishes no schema of ${group}/${version}`, 'NotFound');
  const document = await client.json<{ components?: { schemas?: Schemas } }>({ method: 'GET', path: entry.serverRelativeURL });
  return document.components?.schemas ?? {};
};

const isOf = (schema: JsonObject, { group, version, kind }: DiscoveredResource): boolean => {
  const kinds = schema['x-kubernetes-group-version-kind'];
  return Array.isArray(kinds) && kinds.some((one) => isObject(one) && one.group === group && one.version === version && one.kind === kind);
};

export const explainCommand = command({
  name: 'explain',
  summary: 'describe the fields of a kind',
  usage: 'KIND[.FIELD…]',
  examples: ['riverctl explain task', 'riverctl explain task.spec.resources --recursive'],
  flags: { recursive: Flags.boolean({ description: 'the fields of the fields too, without descriptions' }) },
  run: async ({ args, flags }, context) => {
    const [what, extra] = args;
    if (what === undefined || extra !== undefined) throw new UsageError('name one kind or field, as in "task.spec.resources"');
    const [kind = '', ...path] = what.split('.');
    const [target] = parseTargets(await context.discovery(), [kind]);
    if (!target) throw new UsageError(`"${kind}" is no kind`);
    const schemas = await fetchSchemas(await context.client(), target.resource);
    const root = Object.values(schemas).find((schema) => isOf(schema, target.resource));
    if (!root) throw new CommandError('notFound', `the server publishes no schema of ${target.resource.kind}`, 'NotFound');
    const found = walk(root, path, schemas);
    if ('missing' in found) throw new CommandError('notFound', `${what}: there is no field "${found.missing}"`, 'NotFound');
    const { group, version } = target.resource;
    if (group) context.say(`GROUP:      ${group}`);
    context.say(`KIND:       ${target.resource.kind}`);
    context.say(`VERSION:    ${version}\n`);
    if (path.length > 0) context.say(`FIELD: ${path.at(-1)} <${typeName(found.schema, schemas)}>\n`);
    context.say(explainLines(found.schema, schemas, flags.recursive).join('\n').trimEnd());
    context.result({
      kind: target.resource.kind,
      version,
      group,
      path,
      schema: found.schema,
      fields: fieldsOf(found.schema, schemas).map(([name]) => name),
    });
  },
});
