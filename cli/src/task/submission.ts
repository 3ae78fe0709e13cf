import type { JsonObject, KubeObject } from '@river/crds';
import { UsageError } from '../command/usage-error.ts';

/** What `task submit` was told, as the parser gives it. */
export interface SubmitFlags {
  image: string;
  name?: string | undefined;
  target?: string[] | undefined;
  cpu?: string | undefined;
  memory?: string | undefined;
  gpus?: string | undefined;
  env?: string[] | undefined;
  mount?: string[] | undefined;
  privileged: boolean;
  array?: number | undefined;
  sweep?: string[] | undefined;
  zip: boolean;
  parallelism?: number | undefined;
  retries?: number | undefined;
  timeout?: string | undefined;
  queue?: string | undefined;
  priority?: number | undefined;
  after?: string[] | undefined;
  approval: boolean;
  hold: boolean;
}

/** The Task, or the TaskSet for many of them, that a command line asks for. @throws UsageError */
export function submission(flags: SubmitFlags, command: readonly string[], namespace: string): KubeObject {
  const spec = taskSpec(flags, command);
  const many = manyOf(flags);
  const kind = many ? 'TaskSet' : 'Task';
  const name = flags.name === undefined ? { generateName: `${nameFrom(flags.image, command)}-` } : { name: flags.name };
  return {
    apiVersion: 'river.dev/v1',
    kind,
    // The server makes up the end of a name that is given only in part.
    metadata: { namespace, ...name } as KubeObject['metadata'],
    spec: many ? { ...many, ...given({ parallelism: flags.parallelism }), template: { spec } } : spec,
  };
}

function taskSpec(flags: SubmitFlags, command: readonly string[]): JsonObject {
  const { target = [], after = [], env = [], mount = [] } = flags;
  const resources = given({ cpu: flags.cpu, memory: flags.memory, gpus: flags.gpus === undefined ? undefined : gpusOf(flags.gpus) });
  return given({
    image: flags.image,
    command: some(command),
    env: some(env.map(variableOf)),
    resources: Object.keys(resources).length > 0 ? resources : undefined,
    mounts: some(mount.map(mountOf)),
    privileged: flags.privileged || undefined,
    targets: target.length === 1 ? [...target] : undefined,
    retry: flags.retries === undefined ? undefined : { limit: flags.retries },
    timeout: flags.timeout,
    queue: flags.queue,
    priority: flags.priority,
    dependsOn: some(after.map((name) => ({ name: name.replace(/^tasks?\//, '') }))),
    approval: flags.approval ? { required: true } : undefined,
    suspend: flags.hold || undefined,
  });
}

/** What makes it more than one Task; undefined for one. */
function manyOf(flags: SubmitFlags): JsonObject | undefined {
  const { array, sweep = [], target = [] } = flags;
  const ways = [array !== undefined && '--array', sweep.length > 0 && '--sweep', target.length > 1 && '--target more than once'];
  const chosen = ways.filter((way) => way !== false);
  if (chosen.length > 1) throw new UsageError(`${chosen.join(' and ')} each say how many Tasks there are: give one of them`);
  if (chosen.length === 0 && flags.parallelism !== undefined)
    throw new UsageError('--parallelism is for many Tasks: with --array, --sweep or more than one --target');
  if (flags.zip && sweep.length === 0) throw new UsageError('--zip says how --sweep goes through its values');
  if (array !== undefined) return { count: array };
  if (target.length > 1) return { targets: [...target] };
  return sweep.length > 0 ? { sweep: { mode: flags.zip ? 'Zip' : 'Grid', parameters: sweep.map(parameterOf) } } : undefined;
}

const given = (fields: Record<string, JsonObject[string] | undefined>): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonObject; // undefined was taken out

const some = <T>(list: readonly T[]): T[] | undefined => (list.length > 0 ? [...list] : undefined);

const split = (text: string, flag: string, form: string): [string, string] => {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`${flag} ${text}: write ${form}`);
  return [text.slice(0, at), text.slice(at + 1)];
};

function variableOf(text: string): JsonObject {
  const [name, value] = split(text, '--env', 'NAME=VALUE, or NAME=secret:SECRET/KEY for a value that is kept in a Secret');
  const [, secret, key] = /^secret:([^/]+)\/(.+)$/.exec(value) ?? [];
  return secret === undefined || key === undefined ? { name, value } : { name, valueFrom: { secretKeyRef: { name: secret, key } } };
}

function parameterOf(text: string): JsonObject {
  const [name, values] = split(text, '--sweep', 'NAME=VALUE,VALUE…');
  return { name, values: values.split(',') };
}

/** `2`, `H200` or `H200:2`. */
function gpusOf(text: string): JsonObject {
  if (/^\d+$/.test(text)) return { count: Number(text) };
  const [, model = '', count] = /^([^:]+)(?::(\d+))?$/.exec(text) ?? [];
  if (model === '') throw new UsageError(`--gpus ${text}: write a count, a model, or MODEL:COUNT`);
  return { model, ...(count !== undefined && { count: Number(count) }) };
}

const mountForm =
  '/HOST/FOLDER:/INSIDE, shared:/INSIDE, shared/FOLDER:/INSIDE, secret/NAME:/INSIDE or scratch:/INSIDE, each with :ro where it may only be read';

function mountOf(text: string): JsonObject {
  const [from = '', mountPath = '', mode, ...more] = text.split(':');
  const isWrong = from === '' || !mountPath.startsWith('/') || (mode !== undefined && mode !== 'ro') || more.length > 0;
  const source = isWrong ? undefined : sourceOf(from);
  if (!source) throw new UsageError(`--mount ${text}: write ${mountForm}`);
  return { mountPath, ...(mode === 'ro' && { readOnly: true }), ...source };
}

function sourceOf(from: string): JsonObject | undefined {
  if (from.startsWith('/')) return { hostPath: { path: from } };
  const [, what, rest] = /^(shared|secret|scratch)(?:\/(.+))?$/.exec(from) ?? [];
  if (what === 'shared') return { shared: rest === undefined ? {} : { path: rest } };
  if (what === 'secret' && rest !== undefined) return { secret: { name: rest } };
  return what === 'scratch' && rest === undefined ? { scratch: {} } : undefined;
}

/** What a Task without a name is called: after its program, else after its image. */
function nameFrom(image: string, [program]: readonly string[]): string {
  const word = (program ?? image.replace(/[@:][^/]*$/, '')).split('/').at(-1) ?? '';
  const name = word
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'task' : name;
}
