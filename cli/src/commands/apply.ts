import * as Flags from '@oclif/core/flags';
import { ApiError } from '@river/crds';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { CommandError, type Failure, failureOf } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { type Applied, type ApplyChoice, applyDocument } from '../objects/apply-object.ts';
import { applyOrder } from '../objects/apply-order.ts';
import { type Doomed, deleteObjects } from '../objects/delete-objects.ts';
import { diffObjects } from '../objects/diff-objects.ts';
import { prunableKinds, prunePlan } from '../objects/prune-plan.ts';
import { type Document, readDocuments } from '../objects/read-documents.ts';
import { fullName } from '../objects/targets.ts';
import { progressOf } from '../wait/conditions.ts';
import { parseDurationMs } from '../wait/duration.ts';
import { waitFor } from '../wait/wait-for.ts';

interface Outcome {
  applied: Applied[];
  failures: (Failure & { source: string })[];
}

const nameOf = ({ resource, object }: Applied) => fullName(resource, object.metadata.name);

/** Applies all of them; one that fails does not keep the others back. A lost connection does. */
const applyAll = async (
  context: Context,
  documents: readonly Document[],
  choice: ApplyChoice & { showDiff: boolean },
): Promise<Outcome> => {
  const outcome: Outcome = { applied: [], failures: [] };
  const mark = choice.isDryRun ? ' (server dry run)' : '';
  let mayAppear = false;
  for (const document of documents) {
    try {
      if (choice.showDiff) {
        const preview = await applyDocument(context, document, { ...choice, isDryRun: true, mayAppear });
        context.write(context.isJson ? '' : await diffObjects(preview.live, preview.object, nameOf(preview)));
      }
      const applied = await applyDocument(context, document, { ...choice, mayAppear });
      mayAppear ||= document.object.kind === 'CustomResourceDefinition' && !choice.isDryRun;
      outcome.applied.push(applied);
      context.say(`${nameOf(applied)} ${applied.action}${mark}`);
    } catch (error) {
      if (!ApiError.is(error) && !(error instanceof CommandError)) throw error;
      const failure = failureOf(error);
      outcome.failures.push({ ...failure, source: document.source });
      context.note(`riverctl: ${document.source}: ${failure.message}`);
    }
  }
  return outcome;
};

/** What carries the set's label in the namespaces that this apply touched, and outside of namespaces. */
const findLeftovers = async (context: Context, applied: readonly Applied[], selector: string): Promise<Doomed[]> => {
  const client = await context.client();
  const uids = new Set(applied.map(({ object }) => object.metadata.uid ?? ''));
  const touched = applied.flatMap(({ object: { metadata } }) => (metadata.namespace ? [metadata.namespace] : []));
  const namespaces = new Set([client.namespace, ...touched]);
  const doomed: Doomed[] = [];
  for (const resource of prunableKinds((await context.discovery()).resources)) {
    for (const namespace of resource.namespaced ? namespaces : [undefined]) {
      for await (const { items } of client.resource(resource).pages({ labelSelector: selector, ...(namespace && { namespace }) })) {
        doomed.push(...prunePlan(items, uids).map(({ metadata }) => ({ resource, name: metadata.name, namespace: metadata.namespace })));
      }
    }
  }
  return doomed;
};

/** A set must be able to find itself again: what is applied without its label would never be pruned. */
const requireLabels = (documents: readonly Document[], selector: string): void => {
  const pairs = selector.split(',').map((part) => /^\s*([^=!\s]+)\s*==?\s*([^=\s]*)\s*$/.exec(part));
  if (pairs.some((pair) => !pair)) throw new UsageError(`--prune needs a label as -l NAME=VALUE, not "${selector}"`);
  for (const { object, source } of documents) {
    for (const [, key = '', value] of pairs.flatMap((pair) => (pair ? [pair] : []))) {
      if (object.metadata.labels?.[key] !== value)
        throw new UsageError(`${source}: lacks the label ${key}=${value} of the set that --prune keeps`);
    }
  }
};

const waitSettled = async (context: Context, applied: readonly Applied[], timeoutMs: number): Promise<void> => {
  const client = await context.client();
  const started = performance.now();
  for (const one of applied) {
    const { resource, object } = one;
    const isReported = resource.subresources.includes('status') && !/(^|\.)k8s\.io$/.test(resource.group) && resource.group !== '';
    const isDone = (seen: Applied['object'] | undefined) => {
      const progress = seen ? progressOf(seen, isReported) : 'failed';
      if (progress === 'failed')
        throw new CommandError('failed', `${nameOf(one)} ${seen ? 'has failed' : 'was deleted while it was waited for'}`);
      return progress === 'settled';
    };
    const leftMs = Math.max(0, timeoutMs - (performance.now() - started));
    const { name, namespace, uid } = object.metadata;
    await waitFor({ client, resource, name, namespace, uid, timeoutMs: leftMs, what: 'ready', isDone });
    context.say(`${nameOf(one)} is ready`);
  }
};

const summary = ({ resource, object, action }: Applied) => ({
  apiVersion: object.apiVersion,
  kind: resource.kind,
  name: object.metadata.name,
  ...(object.metadata.namespace && { namespace: object.metadata.namespace }),
  action,
});

export const applyCommand = command({
  name: 'apply',
  summary: 'make the server hold what files say (server-side apply)',
  usage: '-f FILE…',
  examples: [
    'riverctl apply -f task.yaml',
    'riverctl apply -f lab/ -R --prune -l set=lab',
    'generate | riverctl apply -f - --dry-run --diff',
  ],
  flags: {
    filename: Flags.string({
      char: 'f',
      required: true,
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FILE',
      description: 'files or folders; - is stdin',
    }),
    recursive: Flags.boolean({ char: 'R', description: 'folders with what is below them' }),
    'force-conflicts': Flags.boolean({ description: 'take fields over from other managers' }),
    'dry-run': Flags.string({
      options: ['server', 'none'],
      default: 'none',
      description: 'server: let the server check everything and keep nothing',
    }),
    diff: Flags.boolean({ description: 'show what changes' }),
    prune: Flags.boolean({ description: 'delete what was applied before with the label of -l and is in the files no more' }),
    selector: Flags.string({ char: 'l', helpValue: 'NAME=VALUE', description: 'the label of the set (with --prune)' }),
    wait: Flags.boolean({ allowNo: true, description: 'return when the objects say that they are ready' }),
    timeout: Flags.string({ default: '5m', helpValue: 'DURATION', description: 'the longest to wait' }),
  },
  run: async ({ args, flags }, context) => {
    if (args.length > 0) throw new UsageError(`apply takes files with -f, not "${args[0]}"`);
    if (flags.prune !== (flags.selector !== undefined)) throw new UsageError('--prune and -l NAME=VALUE belong together');
    const timeoutMs = parseDurationMs(flags.timeout);
    const documents = applyOrder(await readDocuments(flags.filename, { isRecursive: flags.recursive, readStdin: context.readStdin }));
    if (flags.selector !== undefined) requireLabels(documents, flags.selector);
    const isDryRun = flags['dry-run'] === 'server';
    const { applied, failures } = await applyAll(context, documents, { force: flags['force-conflicts'], isDryRun, showDiff: flags.diff });
    const isWhole = failures.length === 0;
    if (flags.prune && !isWhole) context.note('riverctl: nothing is pruned, since not everything could be applied');
    const doomed = flags.selector !== undefined && isWhole ? await findLeftovers(context, applied, flags.selector) : [];
    const pruned = await deleteObjects(context, doomed, { cascade: 'background', isDryRun, ignoreMissing: true, waitMs: undefined });
    if (flags.wait && isWhole && !isDryRun) await waitSettled(context, applied, timeoutMs);
    context.result({
      applied: applied.map(summary),
      pruned: pruned.map(({ resource, name, namespace }) => ({ kind: resource.kind, name, ...(namespace && { namespace }) })),
      failures,
    });
    return failures[0]?.exitCode ?? 0;
  },
});
