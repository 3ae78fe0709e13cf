import * as Flags from '@oclif/core/flags';
import { command } from '../command/command.ts';
import { exitCodes, failureOf } from '../command/exit-code.ts';
import { applyDocument } from '../objects/apply-object.ts';
import { applyOrder } from '../objects/apply-order.ts';
import { diffObjects } from '../objects/diff-objects.ts';
import { readDocuments } from '../objects/read-documents.ts';
import { fullName } from '../objects/targets.ts';

/** What is 1 elsewhere: here 1 says that there are differences, as it does for diff(1). */
const failedCode = 8;

export const diffCommand = command({
  name: 'diff',
  summary: 'show what apply would change',
  usage: '-f FILE…',
  examples: ['riverctl diff -f task.yaml', 'riverctl diff -f lab/ -R'],
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
    'force-conflicts': Flags.boolean({ description: 'as if fields were taken over from other managers' }),
  },
  run: async ({ flags }, context) => {
    try {
      const documents = applyOrder(await readDocuments(flags.filename, { isRecursive: flags.recursive, readStdin: context.readStdin }));
      const changed: { kind: string; name: string; diff: string }[] = [];
      for (const document of documents) {
        const { resource, live, object } = await applyDocument(context, document, {
          force: flags['force-conflicts'],
          isDryRun: true,
          mayAppear: false,
        });
        const name = fullName(resource, object.metadata.name);
        const diff = await diffObjects(live, object, name);
        if (diff === '') continue;
        changed.push({ kind: resource.kind, name: object.metadata.name, diff });
        context.say(diff.trimEnd());
      }
      context.result({ changed });
      return changed.length > 0 ? 1 : 0;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.exitCode !== exitCodes.failed) throw error;
      context.note(`riverctl: ${failure.message}`);
      context.result({ error: { ...failure, exitCode: failedCode } });
      return failedCode;
    }
  },
});
