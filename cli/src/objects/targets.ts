import type { KubeObject } from '@river/crds';
import type { ApiClient, DiscoveredResource, Discovery } from '@river/runtime';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';

/** One kind that a person named, and the objects of it; no names means all of them. */
export interface Target {
  resource: DiscoveredResource;
  names: string[];
}

const find = (discovery: Discovery, name: string): DiscoveredResource => {
  const found = discovery.find(name);
  if (!found) throw new CommandError('notFound', `the server has no kind "${name}": riverctl api-resources lists them`, 'NotFound');
  return found;
};

const kindsNamed = (discovery: Discovery, text: string): DiscoveredResource[] =>
  text.split(',').flatMap((name) => {
    const category = discovery.find(name) ? [] : discovery.inCategory(name);
    return category.length > 0 ? category : [find(discovery, name)];
  });

/** Reads `tasks`, `tasks,queues`, `task a b`, `task/a queue/b` or a category such as `all`. */
export const parseTargets = (discovery: Discovery, args: readonly string[]): Target[] => {
  const [first] = args;
  if (first === undefined) throw new UsageError('name a kind, as in "tasks" or "task/NAME": riverctl api-resources lists them');
  if (args.some((arg) => arg.includes('/'))) {
    return args.map((arg) => {
      const [kind = '', name = '', ...rest] = arg.split('/');
      if (!kind || !name || rest.length > 0) throw new UsageError(`"${arg}" is not KIND/NAME: with one such argument all must be`);
      return { resource: find(discovery, kind), names: [name] };
    });
  }
  const names = [...new Set(args.slice(1))];
  return kindsNamed(discovery, first).map((resource) => ({ resource, names }));
};

export interface Scope {
  namespace: string | undefined;
}

/** Where to look: everywhere, or in the namespace that was asked for; kinds without namespaces have none. */
export const scopeOf = (resource: DiscoveredResource, client: ApiClient, isEverywhere: boolean): { namespace?: string } =>
  resource.namespaced && !isEverywhere ? { namespace: client.namespace } : {};

/** `task.river.dev/train`, as kubectl says it. */
export const fullName = (resource: Pick<DiscoveredResource, 'group' | 'kind' | 'singular'>, name: string): string =>
  `${resource.singular || resource.kind.toLowerCase()}${resource.group ? `.${resource.group}` : ''}/${name}`;

/** The kind of an object that a file says, or an error that names the file. */
export const resourceOf = (discovery: Discovery, object: KubeObject, source: string): DiscoveredResource => {
  const resource = discovery.findKind(object.apiVersion, object.kind);
  if (resource) return resource;
  throw new CommandError(
    'notFound',
    `${source}: the server has no kind ${object.kind} in ${object.apiVersion}: apply its definition first`,
    'NotFound',
  );
};

/** Gives a namespaced object its namespace, when it names none. @throws UsageError when it names another than `-n`. */
export const placed = (
  object: KubeObject,
  resource: DiscoveredResource,
  namespace: string,
  source: string,
  isExplicit: boolean,
): KubeObject => {
  if (!resource.namespaced) return object;
  const own = object.metadata.namespace;
  if (own && isExplicit && own !== namespace) throw new UsageError(`${source}: is in namespace ${own}, but -n says ${namespace}`);
  return { ...object, metadata: { ...object.metadata, namespace: own ?? namespace } };
};

/** The objects that were named, or all that the selector matches. */
export const fetchTargets = async (
  client: ApiClient,
  targets: readonly Target[],
  select: { labelSelector?: string; fieldSelector?: string; isEverywhere?: boolean },
): Promise<{ resource: DiscoveredResource; object: KubeObject }[]> => {
  const found: { resource: DiscoveredResource; object: KubeObject }[] = [];
  for (const { resource, names } of targets) {
    const api = client.resource(resource);
    const scope = scopeOf(resource, client, select.isEverywhere ?? false);
    for (const name of names) found.push({ resource, object: await api.get(name, scope) });
    if (names.length > 0) continue;
    const { labelSelector, fieldSelector } = select;
    const options = { ...scope, ...(labelSelector && { labelSelector }), ...(fieldSelector && { fieldSelector }) };
    for await (const page of api.pages(options)) found.push(...page.items.map((object) => ({ resource, object })));
  }
  return found;
};
