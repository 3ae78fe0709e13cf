import * as Flags from '@oclif/core/flags';
import { ApiError, type KubeObject } from '@river/crds';
import { type ApiClient, type DiscoveredResource, type Query, resourcePath } from '@river/runtime';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { UsageError } from '../command/usage-error.ts';
import { fetchTargets, fullName, parseTargets, scopeOf, type Target } from '../objects/targets.ts';
import { alignColumns, type ColumnLayout } from '../output/columns.ts';
import { parseOutput, renderObjects } from '../output/print-object.ts';
import { acceptTable, isTable, type ServerTable, type TableStyle, tableRows } from '../output/server-table.ts';
import { watchTarget } from '../wait/watch-target.ts';

interface Choice {
  labelSelector?: string;
  fieldSelector?: string;
  isEverywhere: boolean;
}

const queryOf = ({ labelSelector, fieldSelector }: Choice): Query => ({ labelSelector, fieldSelector });

const askTable = async (client: ApiClient, path: string, query: Query): Promise<ServerTable> => {
  const answer = await client.json({ method: 'GET', path, query, headers: { accept: acceptTable } });
  if (!isTable(answer)) throw new Error(`${path}: the server does not print tables: use -o yaml or -o json`);
  return answer;
};

/** The rows of one kind; of the named objects each by itself, so that what is missing is missed by name. */
const fetchTable = async (client: ApiClient, { resource, names }: Target, choice: Choice): Promise<ServerTable> => {
  const scope = scopeOf(resource, client, choice.isEverywhere);
  if (names.length === 0) return askTable(client, resourcePath(resource, scope), queryOf(choice));
  const tables: ServerTable[] = [];
  for (const name of names) tables.push(await askTable(client, resourcePath(resource, { ...scope, name }), {}));
  const [first] = tables;
  if (!first) throw new UsageError(`name at least one of ${resource.plural}`);
  return { ...first, rows: tables.flatMap(({ rows }) => rows ?? []) };
};

const styleFor = (resource: DiscoveredResource, style: TableStyle, isMixed: boolean): TableStyle => ({
  ...style,
  withNamespace: style.withNamespace && resource.namespaced,
  namePrefix: isMixed ? fullName(resource, '') : '',
});

const printTables = async (context: Context, targets: readonly Target[], choice: Choice, style: TableStyle): Promise<void> => {
  const client = await context.client();
  const tables = await Promise.all(targets.map((target) => fetchTable(client, target, choice)));
  const filled = targets.map((target, at) => ({ target, table: tables[at] })).filter(({ table }) => table?.rows?.length);
  for (const [at, { target, table }] of filled.entries()) {
    if (!table) continue;
    if (at > 0) context.write('\n');
    context.write(`${alignColumns(tableRows(table, styleFor(target.resource, style, targets.length > 1))).join('\n')}\n`);
  }
  if (filled.length > 0) return;
  const somewhere = choice.isEverywhere || !targets.some(({ resource }) => resource.namespaced) ? '' : ` in namespace ${client.namespace}`;
  context.note(`no ${targets.map(({ resource }) => resource.plural).join(', ')}${somewhere}`);
};

const printObjects = async (
  context: Context,
  targets: readonly Target[],
  choice: Choice,
  format: ReturnType<typeof parseOutput>,
): Promise<void> => {
  const found = await fetchTargets(await context.client(), targets, choice);
  const kinds = new Map(found.map(({ object, resource }) => [object, resource]));
  const isSingle = targets.length === 1 && targets[0]?.names.length === 1;
  const nameOf = (object: KubeObject) => {
    const resource = kinds.get(object);
    return resource ? fullName(resource, object.metadata.name) : object.metadata.name;
  };
  context.write(
    await renderObjects(
      format,
      found.map(({ object }) => object),
      isSingle,
      nameOf,
    ),
  );
};

/** Prints what is there and then every change, until interrupted. */
const watch = async (
  context: Context,
  target: Target,
  choice: Choice,
  style: TableStyle,
  format: ReturnType<typeof parseOutput>,
): Promise<void> => {
  if (target.names.length > 1) throw new UsageError('-w follows one kind, or one object of it');
  const client = await context.client();
  const [name] = target.names;
  const fieldSelector = name === undefined ? choice.fieldSelector : `metadata.name=${name}`;
  const query = { labelSelector: choice.labelSelector, fieldSelector };
  const path = resourcePath(target.resource, scopeOf(target.resource, client, choice.isEverywhere));
  const layout: ColumnLayout = { widths: [] };
  const shown = styleFor(target.resource, style, false);
  let withHeader = shown.withHeader;
  let columns: ServerTable['columnDefinitions'] = null;
  const isTableFormat = format.kind === 'table' || format.kind === 'wide';
  const accept = isTableFormat ? acceptTable : 'application/json';
  const onLost = (reason: string) => context.note(`riverctl: ${reason} (waiting for it; Ctrl-C ends)`);
  for await (const { type, object } of watchTarget({ client, path, query, accept, onLost })) {
    if (isTable(object)) {
      columns = object.columnDefinitions ?? columns;
      const count = object.rows?.length ?? 0;
      const rows = tableRows({ ...object, columnDefinitions: columns }, { ...shown, withHeader });
      if (count > 0) context.write(`${alignColumns(rows, layout).join('\n')}\n`);
      withHeader &&= count === 0;
    } else if (format.kind === 'json') context.write(`${JSON.stringify({ type, object })}\n`);
    else
      context.write(
        `${format.kind === 'yaml' ? '---\n' : ''}${await renderObjects(format, [object], true, ({ metadata }) => fullName(target.resource, metadata.name))}`,
      );
  }
};

export const getCommand = command({
  name: 'get',
  summary: 'list objects, or show some',
  usage: '(KIND[,KIND…] [NAME…] | KIND/NAME…)',
  examples: [
    'riverctl get tasks -A',
    'riverctl get task train-1 -o yaml',
    'riverctl get tasks -l team=vision -w',
    "riverctl get nodes -o jsonpath='{.items[*].metadata.name}'",
  ],
  flags: {
    output: Flags.string({ char: 'o', helpValue: 'FORMAT', description: 'wide, yaml, json, name or jsonpath=TEMPLATE' }),
    watch: Flags.boolean({ char: 'w', description: 'go on and print every change (with -o json: one event per line)' }),
    'all-namespaces': Flags.boolean({ char: 'A', description: 'of every namespace' }),
    selector: Flags.string({ char: 'l', helpValue: 'SELECTOR', description: 'only objects with these labels' }),
    'field-selector': Flags.string({ helpValue: 'SELECTOR', description: 'only objects with these fields' }),
    'no-headers': Flags.boolean({ description: 'leave the header line out' }),
    'ignore-not-found': Flags.boolean({ description: 'say nothing, and succeed, when there is no such object' }),
  },
  run: async ({ args, flags }, context) => {
    const targets = parseTargets(await context.discovery(), args);
    const format = parseOutput(flags.output, context.isJson);
    const choice = {
      isEverywhere: flags['all-namespaces'],
      ...(flags.selector && { labelSelector: flags.selector }),
      ...(flags['field-selector'] && { fieldSelector: flags['field-selector'] }),
    };
    if (targets.some(({ names }) => names.length > 0) && (choice.isEverywhere || choice.labelSelector || choice.fieldSelector)) {
      throw new UsageError('names cannot be combined with -A, -l or --field-selector');
    }
    const style = { isWide: format.kind === 'wide', withNamespace: choice.isEverywhere, withHeader: !flags['no-headers'], namePrefix: '' };
    try {
      const [target] = targets;
      if (flags.watch) {
        if (targets.length !== 1 || !target) throw new UsageError('-w follows one kind, or one object of it');
        return await watch(context, target, choice, style, format);
      }
      if (format.kind === 'table' || format.kind === 'wide') return await printTables(context, targets, choice, style);
      return await printObjects(context, targets, choice, format);
    } catch (error) {
      if (!flags['ignore-not-found'] || !ApiError.is(error, 'NotFound')) throw error;
    }
  },
});
