import type { Attributes } from '../authorization/attributes.ts';
import type { Exchange } from './exchange.ts';
import { flag } from './query.ts';
import type { Route } from './route.ts';

const verbs: Readonly<Record<string, { one: string; many: string }>> = {
  GET: { one: 'get', many: 'list' },
  HEAD: { one: 'get', many: 'list' },
  POST: { one: 'create', many: 'create' },
  PUT: { one: 'update', many: 'update' },
  PATCH: { one: 'patch', many: 'patch' },
  DELETE: { one: 'delete', many: 'deletecollection' },
};

/** What a request wants to do, as rights are judged, with Kubernetes' verbs. */
export function attributesOf({ request, pathname, query }: Exchange, route: Route): Attributes {
  const method = request.method ?? '';
  if (route.is === 'document') return { verb: method.toLowerCase(), path: pathname };
  const { group, plural, subresource, ...named } = route.resource;
  const { one, many } = verbs[method] ?? { one: method.toLowerCase(), many: method.toLowerCase() };
  const isNamespaceItself = group === '' && plural === 'namespaces';
  const name = named.name || (many === 'list' || many === 'deletecollection' ? nameSelected(query) : '');
  const verb = named.name === '' ? collectionVerb(many, query) : one;
  return { verb, group, resource: plural, subresource, namespace: isNamespaceItself ? named.name : named.namespace, name };
}

const collectionVerb = (verb: string, query: URLSearchParams): string => (verb === 'list' && flag(query, 'watch') ? 'watch' : verb);

/** Who may see one object by its name may also list and watch just that one. */
function nameSelected(query: URLSearchParams): string {
  return /^metadata\.name==?([^,!=]+)$/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
}
