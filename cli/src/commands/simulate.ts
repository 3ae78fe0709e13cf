import * as Flags from '@oclif/core/flags';
import type { Edit } from '@river/controllers/what-if';
import { ApiError } from '@river/crds';
import type { ResourceRef } from '@river/runtime';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { UsageError } from '../command/usage-error.ts';
import { applyDocument } from '../objects/apply-object.ts';
import { applyOrder } from '../objects/apply-order.ts';
import { type Document, readDocuments } from '../objects/read-documents.ts';
import { parseTargets, scopeOf } from '../objects/targets.ts';
import { outcomeLines } from '../simulate/outcome-lines.ts';
import { readCluster } from '../simulate/read-cluster.ts';

/** A document as the server would keep it. Where its namespace is only made beside it, it is taken as it is written. */
const dryRun = async (context: Context, document: Document, made: ReadonlySet<string>, force: boolean): Promise<Edit> => {
  try {
    return { put: (await applyDocument(context, document, { force, isDryRun: true, mayAppear: false })).object };
  } catch (error) {
    const { namespace = (await context.client()).namespace } = document.object.metadata;
    if (!ApiError.is(error, 'NotFound') || error.details?.kind !== 'namespaces' || !made.has(namespace)) throw error;
    return { put: { ...document.object, metadata: { ...document.object.metadata, namespace } } };
  }
};

const deletions = async (context: Context, names: readonly string[]): Promise<Edit[]> => {
  if (names.length === 0) return [];
  if (names.some((name) => !name.includes('/'))) throw new UsageError('--delete takes KIND/NAME, such as node/tiger');
  const client = await context.client();
  const edits: Edit[] = [];
  for (const { resource, names: own } of parseTargets(await context.discovery(), names))
    for (const name of own) edits.push({ remove: await client.resource(resource).get(name, scopeOf(resource, client, false)) });
  return edits;
};

const objectOf = (edit: Edit) => ('put' in edit ? edit.put : edit.remove);

/** Says of what has no bearing that it has none; gives the rest. */
const bearing = (context: Context, edits: readonly Edit[], kinds: readonly ResourceRef[]): Edit[] =>
  edits.filter((edit) => {
    const { kind, metadata } = objectOf(edit);
    const matters = kinds.some((each) => each.kind === kind);
    if (!matters) context.note(`riverctl: ${kind} ${metadata.name} has no bearing on what runs where: left out`);
    return matters;
  });

export const simulateCommand = command({
  name: 'simulate',
  summary: 'say what would start, end and wait if a change were made; changes nothing',
  usage: '[-f FILE…] [--delete KIND/NAME…]',
  examples: [
    'riverctl simulate -f train.yaml',
    'riverctl simulate --delete node/tiger',
    'riverctl simulate -f queue.yaml --delete task/old',
  ],
  flags: {
    filename: Flags.string({
      char: 'f',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FILE',
      description: 'files or folders that would be applied; - is stdin',
    }),
    recursive: Flags.boolean({ char: 'R', description: 'folders with what is below them' }),
    delete: Flags.string({ multiple: true, multipleNonGreedy: true, helpValue: 'KIND/NAME', description: 'what would be deleted' }),
    'force-conflicts': Flags.boolean({ description: 'as if fields were taken over from other managers' }),
  },
  run: async ({ flags }, context) => {
    const files = flags.filename ?? [];
    const doomed = flags.delete ?? [];
    if (files.length + doomed.length === 0) throw new UsageError('say what would be applied (-f FILE) or deleted (--delete KIND/NAME)');
    const documents =
      files.length === 0 ? [] : applyOrder(await readDocuments(files, { isRecursive: flags.recursive, readStdin: context.readStdin }));
    const made = new Set(documents.flatMap(({ object }) => (object.kind === 'Namespace' ? [object.metadata.name] : [])));
    const puts: Edit[] = [];
    for (const document of documents) puts.push(await dryRun(context, document, made, flags['force-conflicts']));
    const edits = [...puts, ...(await deletions(context, doomed))];
    const { decidingKinds, whatIf } = await import('../simulate/deciders.ts');
    const client = await context.client();
    const objects = await readCluster(client, decidingKinds);
    const wallMs = context.wallMs();
    const outcome = whatIf(objects, bearing(context, edits, decidingKinds), { monotonicMs: 0, wallMs });
    for (const line of outcomeLines(outcome, client.namespace, wallMs)) context.say(line);
    context.result(outcome);
  },
});
