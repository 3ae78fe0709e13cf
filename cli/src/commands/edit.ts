import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiError, isObject, type JsonObject, type KubeObject } from '@river/crds';
import type { DiscoveredResource } from '@river/runtime';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { CommandError, failureOf } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { mergePatch } from '../objects/merge-patch.ts';
import { fieldManager } from '../objects/prune-plan.ts';
import { fetchTargets, fullName, parseTargets } from '../objects/targets.ts';
import { toYaml } from '../output/print-object.ts';

const openEditor = async (file: string, env: NodeJS.ProcessEnv): Promise<void> => {
  const editor = env.RIVER_EDITOR || env.KUBE_EDITOR || env.VISUAL || env.EDITOR || 'vi';
  // Through the shell, because an editor may be given with its flags, as in "code --wait".
  const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
  // Ctrl-C is for the editor: were it the end of us, it would leave the two of them fighting for the terminal.
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  const [code] = await once(child, 'exit');
  process.off('SIGINT', ignore);
  if (code !== 0) throw new CommandError('failed', `the editor (${editor}) ended with ${code}: nothing was changed; set EDITOR to another`);
};

const heading = (problem: string | undefined): string =>
  [
    ...(problem
      ? [`this could not be saved: ${problem}`, 'change it, or close it as it is to give up.']
      : ['save and close to apply; close it as it is to give up.']),
    'lines that begin with # are left out.',
  ]
    .map((line) => `# ${line}\n`)
    .join('');

const parse = async (text: string): Promise<JsonObject> => {
  const { parse: parseYaml } = await import('yaml');
  const value: unknown = parseYaml(text);
  if (!isObject(value)) throw new UsageError('an object is needed');
  return value;
};

const withoutManagedFields = ({ metadata: { managedFields: _, ...metadata }, ...rest }: KubeObject): KubeObject =>
  ({ ...rest, metadata }) as KubeObject;

const send = async (context: Context, resource: DiscoveredResource, object: KubeObject, patch: JsonObject): Promise<KubeObject> => {
  const { name, namespace } = object.metadata;
  const api = (await context.client()).resource(resource);
  return api.patch(name, patch, { type: 'merge', fieldManager, ...(namespace && { namespace }) });
};

/** What may be put right in the editor: text that is no YAML, or an object that the server refuses. */
const isFixable = (error: unknown): error is Error =>
  error instanceof UsageError ||
  (error instanceof Error && error.name === 'YAMLParseError') ||
  ['Invalid', 'BadRequest', 'Conflict'].some((reason) => ApiError.is(error, reason as 'Invalid'));

const contentOf = (file: string): string => readFileSync(file, 'utf8').replace(/^(#.*\n)+/, '');

/** Opens the editor until the server takes the result or the person gives up. Sends only what was changed. */
const editObject = async (
  context: Context,
  resource: DiscoveredResource,
  object: KubeObject,
  file: string,
): Promise<KubeObject | undefined> => {
  const original = await toYaml(withoutManagedFields(object));
  let text = original;
  for (let problem: string | undefined; ; ) {
    writeFileSync(file, heading(problem) + text, { mode: 0o600 });
    await openEditor(file, context.env);
    const edited = contentOf(file);
    if (edited === original || edited.trim() === '') return undefined;
    if (problem && edited === text) throw new CommandError('failed', problem);
    try {
      const patch = mergePatch(await parse(original), await parse(edited));
      return patch && (await send(context, resource, object, patch));
    } catch (error) {
      if (!isFixable(error)) throw error;
      problem = error.message.split('\n')[0]?.replace(/:$/, '') ?? '';
      text = edited;
    }
  }
};

/** As {@link editObject}, in a file of its own. What a person wrote in vain is kept. */
const editInFile = async (context: Context, resource: DiscoveredResource, object: KubeObject): Promise<KubeObject | undefined> => {
  const folder = mkdtempSync(join(tmpdir(), 'riverctl-edit-'));
  const file = join(folder, `${object.metadata.name.replaceAll(':', '_')}.yaml`);
  let isInVain = true;
  try {
    const saved = await editObject(context, resource, object, file);
    isInVain = false;
    return saved;
  } catch (error) {
    const { message, reason } = failureOf(error);
    if (contentOf(file) === (await toYaml(withoutManagedFields(object)))) {
      isInVain = false;
      throw error;
    }
    throw new CommandError('failed', `${message}; what you wrote is kept in ${file}`, reason);
  } finally {
    if (!isInVain) rmSync(folder, { recursive: true, force: true });
  }
};

export const editCommand = command({
  name: 'edit',
  summary: 'edit an object in your editor',
  usage: '(KIND NAME | KIND/NAME)',
  examples: ['riverctl edit task train-1', 'EDITOR="code --wait" riverctl edit queue/vision'],
  flags: {},
  run: async ({ args }, context) => {
    const targets = parseTargets(await context.discovery(), args);
    if (targets.some(({ names }) => names.length === 0)) throw new UsageError('name the object to edit');
    const found = await fetchTargets(await context.client(), targets, {});
    for (const { resource, object } of found) {
      const action = (await editInFile(context, resource, object)) ? 'edited' : 'unchanged';
      context.say(`${fullName(resource, object.metadata.name)} ${action}`);
      context.result({ kind: resource.kind, name: object.metadata.name, action });
    }
  },
});
