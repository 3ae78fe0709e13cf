import { parseFieldSelector, SelectorError } from '@river/crds';
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
export function attributesOf({ request, pathname, query }: Pick<Exchange, 'request' | 'pathname' | 'query'>, route: Route): Attributes {
  const method = request.method ?? '';
  if (route.is === 'document') return { verb: method.toLowerCase(), path: pathname };
  const { group, plural, subresource, ...named } = route.resource;
  const { one, many } = verbs[method] ?? { one: method.toLowerCase(), many: method.toLowerCase() };
  const isNamespaceItself = group === '' && plural === 'namespaces';
  const fields = named.name === '' && (many === 'list' || many === 'deletecollection') ? selected(query.get('fieldSelector')) : none;
  const name = named.name || (fields['metadata.name'] ?? '');
  const verb = named.name === '' ? collectionVerb(many, query) : one;
  return { verb, group, resource: plural, subresource, namespace: isNamespaceItself ? named.name : named.namespace, name, fields };
}

const collectionVerb = (verb: string, query: URLSearchParams): string => (verb === 'list' && flag(query, 'watch') ? 'watch' : verb);

const none: Readonly<Record<string, string>> = Object.freeze({});

/**
 * The fields that every selected object has at one value. Who may see one object by its name may also list and watch just that one.
 * A selector that cannot be read selects nothing here, and is refused later.
 */
function selected(selector: string | null): Readonly<Record<string, string>> {
  if (!selector) return none;
  try {
    const terms = parseFieldSelector(selector).filter(({ operator }) => operator === '=');
    return Object.fromEntries(terms.map(({ field, value }) => [field, value]));
  } catch (error) {
    if (error instanceof SelectorError) return none;
    throw error;
  }
}
