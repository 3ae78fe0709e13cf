import { ApiError } from '@river/crds';

/** What an address names: a resource, or one of the documents that the server keeps beside them. */
export type Route = { is: 'resource'; resource: ResourceRoute } | { is: 'document'; path: string[] };

export interface ResourceRoute {
  group: string;
  version: string;
  plural: string;
  namespace: string;
  /** Empty for the collection. */
  name: string;
  subresource: string;
}

/** Reads `/api/v1/…` and `/apis/group/version/…`; whatever is shorter, or elsewhere, is a document. */
export function parseRoute(pathname: string): Route {
  const path = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const rest = restOf(path);
  if (!rest || rest.path.length === 0) return { is: 'document', path };
  return { is: 'resource', resource: { group: rest.group, version: rest.version, ...within(rest.path) } };
}

function restOf([root, ...path]: string[]): { group: string; version: string; path: string[] } | null {
  if (root === 'api') return { group: '', version: path[0] ?? '', path: path.slice(1) };
  if (root === 'apis') return { group: path[0] ?? '', version: path[1] ?? '', path: path.slice(2) };
  return null;
}

/** `namespaces/NS/plural/…` is about the namespace's content, unless it is about the namespace itself. */
function within(path: string[]): Omit<ResourceRoute, 'group' | 'version'> {
  const [first = '', second = '', third, ...others] = path;
  const isInside = first === 'namespaces' && third !== undefined && !(others.length === 0 && ofNamespace.has(third));
  if (isInside) return { namespace: second, ...named(third, others) };
  return { namespace: '', ...named(first, path.slice(1)) };
}

const ofNamespace = new Set(['status', 'finalize']);

function named(plural: string, [name = '', subresource = '', ...more]: string[]): Omit<ResourceRoute, 'group' | 'version' | 'namespace'> {
  if (more.length > 0) throw new ApiError('NotFound', 'the server could not find the requested resource');
  return { plural, name, subresource };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new ApiError('BadRequest', `the address has a part that is not valid percent-encoding: ${part.slice(0, 100)}`, { cause: error });
  }
}
