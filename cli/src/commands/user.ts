import * as Flags from '@oclif/core/flags';
import { ApiError, type KubeObject } from '@river/crds';
import type { ApiClient } from '@river/runtime';
import { type Command, command } from '../command/command.ts';
import { UsageError } from '../command/usage-error.ts';
import { bindingOf, bindingsOf, changeUser, readKeys, type UserSpec, userLabel, usersOf } from '../user/records.ts';
import { getCommand } from './get.ts';

const fieldManager = 'riverctl';

const nameOf = (args: readonly string[], what = 'the person, as roles shall name them'): string => {
  const [name] = args;
  if (name === undefined) throw new UsageError(`name ${what}`);
  return name;
};

const only = (args: readonly string[], count: number): void => {
  if (args.length > count) throw new UsageError(`"${args[count]}" is one argument too many`);
};

/** What is there already is left as it is. */
const ensure = async (made: Promise<unknown>): Promise<void> => {
  await made.catch((error: unknown) => {
    if (!ApiError.is(error, 'AlreadyExists')) throw error;
  });
};

const makeHome = async (client: ApiClient, name: string): Promise<void> => {
  const namespaces = client.resource({ group: '', version: 'v1', plural: 'namespaces', namespaced: false });
  await ensure(
    namespaces.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { [userLabel]: name } } }, { fieldManager }),
  );
};

export const userCreateCommand = command({
  name: 'user create',
  summary: 'let River know a person',
  usage: 'NAME',
  examples: ['riverctl user create alice --home --ssh-key alice.pub', 'riverctl user create bob --group vision --role operator -n vision'],
  flags: {
    'display-name': Flags.string({ helpValue: 'TEXT', description: 'how the person is called' }),
    email: Flags.string({ helpValue: 'ADDRESS', description: 'where the person is reached' }),
    group: Flags.string({ helpValue: 'GROUP', multiple: true, description: 'a group that the person is of' }),
    'ssh-key': Flags.string({ helpValue: 'FILE', multiple: true, description: 'public keys, as in a .pub file' }),
    role: Flags.string({ helpValue: 'ROLE', description: 'viewer, user, operator or another ClusterRole, in the namespace of -n' }),
    home: Flags.boolean({ description: 'a namespace of the same name, where the person has the role user' }),
  },
  run: async ({ args, flags }, context) => {
    const name = nameOf(args);
    only(args, 1);
    const spec: UserSpec = {
      ...(flags['display-name'] && { displayName: flags['display-name'] }),
      ...(flags.email && { email: flags.email }),
      ...(flags.group && { groups: flags.group }),
      ...(flags['ssh-key'] && { sshKeys: flags['ssh-key'].flatMap(readKeys) }),
    };
    const client = await context.client();
    const user = await usersOf(client).create({ apiVersion: 'river.dev/v1', kind: 'User', metadata: { name }, spec }, { fieldManager });
    context.say(`user.river.dev/${name} created`);
    const bind = async (role: string, namespace: string) => {
      await ensure(bindingsOf(client).create(bindingOf(name, role, namespace), { fieldManager }));
      context.say(`${name} has the role ${role} in namespace ${namespace}`);
    };
    if (flags.home) {
      await makeHome(client, name);
      await bind('user', name);
    }
    if (flags.role) await bind(flags.role, client.namespace);
    context.result(user);
  },
});

export const userListCommand = command({
  name: 'user list',
  summary: 'list people',
  usage: '',
  examples: ['riverctl user list', 'riverctl user list -o wide'],
  flags: { output: Flags.string({ char: 'o', helpValue: 'FORMAT', description: 'wide, yaml, json, name or jsonpath=TEMPLATE' }) },
  run: async ({ args, flags }, context) => {
    only(args, 0);
    // The flags of `get` that are not given here are the ones that are not given there.
    await getCommand.run({ args: ['users.river.dev'], flags: { ...flags, 'all-namespaces': false } as never }, context);
  },
});

const changes = (
  name: string,
  summary: string,
  { usage, example, done, change }: { usage: string; example: string; done: string; change: (spec: UserSpec, rest: string[]) => UserSpec },
): Command =>
  command({
    name: `user ${name}`,
    summary,
    usage,
    examples: [`riverctl user ${name} ${example}`],
    flags: {},
    run: async ({ args }, context) => {
      const user = nameOf(args);
      const isChanged = await changeUser(await context.client(), user, (spec) => change(spec, args.slice(1)));
      context.say(`user.river.dev/${user} ${isChanged ? done : 'unchanged'}`);
      context.result({ user, isChanged });
    },
  });

const some = (rest: readonly string[], what: string): readonly string[] => {
  if (rest.length === 0) throw new UsageError(`name ${what} after the person`);
  return rest;
};

export const userDisableCommand = changes('disable', 'shut a person out, at once', {
  usage: 'NAME',
  example: 'bob',
  done: 'disabled',
  change: (spec) => ({ ...spec, disabled: true }),
});

export const userEnableCommand = changes('enable', 'let a person in again', {
  usage: 'NAME',
  example: 'bob',
  done: 'enabled',
  change: (spec) => ({ ...spec, disabled: false }),
});

export const userAddKeyCommand = changes('add-key', 'give a person SSH keys', {
  usage: 'NAME FILE…',
  example: 'alice ~/alice-laptop.pub',
  done: 'changed',
  change(spec, rest) {
    const given = some(rest, 'a file of public keys').flatMap(readKeys);
    const names = new Set(given.map(({ name }) => name));
    return { ...spec, sshKeys: [...(spec.sshKeys ?? []).filter(({ name }) => !names.has(name)), ...given] };
  },
});

export const userRemoveKeyCommand = changes('remove-key', "take a person's SSH keys away, by their names", {
  usage: 'NAME KEY…',
  example: 'alice alice@laptop',
  done: 'changed',
  change: (spec, rest) =>
    without(
      spec,
      'sshKeys',
      (spec.sshKeys ?? []).map(({ name }) => name),
      some(rest, 'a key'),
    ),
});

export const userAddGroupCommand = changes('add-group', 'put a person into groups', {
  usage: 'NAME GROUP…',
  example: 'alice vision',
  done: 'changed',
  change: (spec, rest) => ({ ...spec, groups: [...new Set([...(spec.groups ?? []), ...some(rest, 'a group')])] }),
});

export const userRemoveGroupCommand = changes('remove-group', 'take a person out of groups', {
  usage: 'NAME GROUP…',
  example: 'alice vision',
  done: 'changed',
  change: (spec, rest) => without(spec, 'groups', spec.groups ?? [], some(rest, 'a group')),
});

/** The list without the named; who names what is not there meant something else. @throws UsageError */
function without(spec: UserSpec, field: 'sshKeys' | 'groups', present: readonly string[], names: readonly string[]): UserSpec {
  const missing = names.find((name) => !present.includes(name));
  if (missing !== undefined) throw new UsageError(`there is no "${missing}" among: ${present.join(', ') || '(none)'}`);
  return { ...spec, [field]: (spec[field] ?? []).filter((_, at) => !names.includes(present[at] ?? '')) };
}

/** What still gives rights to a name whose owner is gone: somebody who got the name again would have them. */
const otherBindings = async (client: ApiClient, user: string): Promise<string[]> => {
  const names = ({ subjects }: KubeObject) => Array.isArray(subjects) && subjects.some((subject) => isNamed(subject, user));
  const found: string[] = [];
  for (const [plural, namespaced] of [
    ['rolebindings', true],
    ['clusterrolebindings', false],
  ] as const) {
    const bindings = client.resource({ group: 'rbac.authorization.k8s.io', version: 'v1', plural, namespaced });
    for await (const { items } of bindings.pages())
      found.push(...items.filter(names).map(({ metadata }) => [plural, metadata.namespace, metadata.name].filter(Boolean).join('/')));
  }
  return found;
};

const isNamed = (subject: unknown, name: string): boolean =>
  typeof subject === 'object' &&
  subject !== null &&
  'kind' in subject &&
  subject.kind === 'User' &&
  'name' in subject &&
  subject.name === name;

export const userDeleteCommand = command({
  name: 'user delete',
  summary: 'forget a person, and take away the roles that `user create` gave',
  usage: 'NAME',
  examples: ['riverctl user delete bob'],
  flags: {},
  run: async ({ args }, context) => {
    const name = nameOf(args);
    only(args, 1);
    const client = await context.client();
    await usersOf(client).delete(name);
    context.say(`user.river.dev/${name} deleted`);
    const own = await bindingsOf(client).list({ labelSelector: `${userLabel}=${name}` });
    for (const { metadata } of own.items) await bindingsOf(client).delete(metadata.name, { namespace: metadata.namespace ?? '' });
    const left = await otherBindings(client, name);
    for (const binding of left) context.note(`riverctl: ${binding} still gives rights to ${name}, whoever that is: delete it, too`);
    context.result({ user: name, bindingsDeleted: own.items.length, bindingsLeft: left });
  },
});
