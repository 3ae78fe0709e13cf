import * as Flags from '@oclif/core/flags';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { UsageError } from '../command/usage-error.ts';
import { type Doomed, deleteObjects } from '../objects/delete-objects.ts';
import { readDocuments } from '../objects/read-documents.ts';
import { fetchTargets, parseTargets, placed, resourceOf, scopeOf } from '../objects/targets.ts';
import { parseDurationMs } from '../wait/duration.ts';

interface Choice {
  files: string[];
  isRecursive: boolean;
  selector: string | undefined;
  fieldSelector: string | undefined;
  isAll: boolean;
  isEverywhere: boolean;
  ignoreMissing: boolean;
}

/** Backwards: what was applied first is needed by what came after it. */
const fromFiles = async (context: Context, choice: Choice): Promise<Doomed[]> => {
  const documents = await readDocuments(choice.files, { isRecursive: choice.isRecursive, readStdin: context.readStdin });
  const [client, discovery] = [await context.client(), await context.discovery()];
  return documents.reverse().flatMap(({ object, source }) => {
    if (choice.ignoreMissing && !discovery.findKind(object.apiVersion, object.kind)) return [];
    const resource = resourceOf(discovery, object, source);
    const { metadata } = placed(object, resource, client.namespace, source, context.namespaceFlag !== undefined);
    return [{ resource, name: metadata.name, namespace: metadata.namespace }];
  });
};

const fromArguments = async (context: Context, args: readonly string[], choice: Choice): Promise<Doomed[]> => {
  const client = await context.client();
  const targets = parseTargets(await context.discovery(), args);
  if (targets.every(({ names }) => names.length > 0)) {
    return targets.flatMap(({ resource, names }) =>
      names.map((name) => ({ resource, name, namespace: scopeOf(resource, client, false).namespace })),
    );
  }
  const { selector, fieldSelector, isEverywhere } = choice;
  if (!selector && !fieldSelector && !choice.isAll)
    throw new UsageError('name what to delete, or choose it with -l, --field-selector or --all');
  const select = { isEverywhere, ...(selector && { labelSelector: selector }), ...(fieldSelector && { fieldSelector }) };
  const found = await fetchTargets(client, targets, select);
  return found.map(({ resource, object: { metadata } }) => ({ resource, name: metadata.name, namespace: metadata.namespace }));
};

export const deleteCommand = command({
  name: 'delete',
  summary: 'delete objects',
  usage: '(-f FILE… | KIND NAME… | KIND/NAME… | KIND -l SELECTOR | KIND --all)',
  examples: ['riverctl delete task train-1', 'riverctl delete -f task.yaml', 'riverctl delete tasks -l run=42 --cascade=foreground'],
  flags: {
    filename: Flags.string({
      char: 'f',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FILE',
      description: 'what files or folders name; - is stdin',
    }),
    recursive: Flags.boolean({ char: 'R', description: 'folders with what is below them' }),
    selector: Flags.string({ char: 'l', helpValue: 'SELECTOR', description: 'all objects with these labels' }),
    'field-selector': Flags.string({ helpValue: 'SELECTOR', description: 'all objects with these fields' }),
    all: Flags.boolean({ description: 'all objects of the kind' }),
    'all-namespaces': Flags.boolean({ char: 'A', description: 'of every namespace' }),
    cascade: Flags.string({
      options: ['background', 'foreground', 'orphan'],
      default: 'background',
      description: 'what becomes of what it owns',
    }),
    wait: Flags.boolean({ allowNo: true, default: true, description: 'return when they are gone' }),
    timeout: Flags.string({ default: '-1s', helpValue: 'DURATION', description: 'the longest to wait' }),
    'ignore-not-found': Flags.boolean({ description: 'succeed when they are gone already' }),
    'dry-run': Flags.string({ options: ['server', 'none'], default: 'none', description: 'server: say what would be deleted' }),
  },
  run: async ({ args, flags }, context) => {
    const files = flags.filename ?? [];
    if (files.length > 0 && args.length > 0) throw new UsageError('either -f or arguments, not both');
    const choice: Choice = {
      files,
      isRecursive: flags.recursive,
      selector: flags.selector,
      fieldSelector: flags['field-selector'],
      isAll: flags.all,
      isEverywhere: flags['all-namespaces'],
      ignoreMissing: flags['ignore-not-found'],
    };
    const doomed = files.length > 0 ? await fromFiles(context, choice) : await fromArguments(context, args, choice);
    if (doomed.length === 0) context.note('nothing to delete');
    const deleted = await deleteObjects(context, doomed, {
      cascade: flags.cascade as 'background' | 'foreground' | 'orphan',
      isDryRun: flags['dry-run'] === 'server',
      ignoreMissing: choice.ignoreMissing,
      waitMs: flags.wait ? parseDurationMs(flags.timeout) : undefined,
    });
    context.result({ deleted: deleted.map(({ resource, name, namespace }) => ({ kind: resource.kind, name, namespace })) });
  },
});
