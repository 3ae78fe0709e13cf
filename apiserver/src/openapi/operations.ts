import { type GroupVersionKind, gvkOf, type Subresource, subresourcesOf } from '../discovery/subresources.ts';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { metaName, scaleName } from './meta-schemas.ts';
import {
  deleteCollectionParameters,
  deleteParameters,
  listParameters,
  nameParameter,
  namespaceParameter,
  type Parameter,
  patchParameters,
  writeParameters,
} from './parameters.ts';
import { isKubernetesGroup, listSchemaName, operationGroup, schemaName } from './schema-name.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** One thing that can be done at one path, before it is said in the words of an OpenAPI version. */
export interface Operation {
  path: string;
  pathParameters: readonly Parameter[];
  method: Method;
  id: string;
  description: string;
  tag: string;
  action: 'list' | 'get' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection';
  gvk: GroupVersionKind;
  isDeprecated: boolean;
  parameters: readonly Parameter[];
  body: { schema: string; contentTypes: readonly string[]; isRequired: boolean } | undefined;
  /** By status code, the name of the schema of what is answered. */
  answers: Readonly<Record<number, string>>;
}

const anyContent = ['*/*'];
const patchContent = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json'];
const strategicContent = 'application/strategic-merge-patch+json';

/** What differs between the paths of one kind: where they are, how clients call them, and what is read and written there. */
interface Place {
  info: ResourceInfo;
  path: string;
  pathParameters: readonly Parameter[];
  /** The part of an operation id after the verb: `RiverDevV1NamespacedTaskStatus`. */
  name: string;
  about: string;
  gvk: GroupVersionKind;
  schema: string;
}

type Deed = Pick<Operation, 'method' | 'action' | 'answers' | 'parameters'> & { verb: string; says: string; body?: Operation['body'] };

const operation = (place: Place, { verb, says, body, ...deed }: Deed): Operation => ({
  ...deed,
  path: place.path,
  pathParameters: place.pathParameters,
  id: `${verb}${place.name}`,
  description: `${says} ${place.about}`,
  tag: operationGroup(place.info).replace(/^./, (first) => first.toLowerCase()),
  gvk: place.gvk,
  isDeprecated: place.info.deprecated,
  body,
});

const bodyOf = (schema: string, contentTypes: readonly string[] = anyContent, isRequired = true) => ({ schema, contentTypes, isRequired });
const status = metaName('Status');
const deleteBody = bodyOf(metaName('DeleteOptions'), anyContent, false);

/** What can be done with a list or a new object of the kind. */
function collectionOperations(place: Place): Operation[] {
  const { info, schema } = place;
  const deeds: Record<string, Deed> = {
    list: {
      method: 'get',
      action: 'list',
      verb: 'list',
      says: 'List or watch',
      parameters: listParameters,
      answers: { 200: listSchemaName(info) },
    },
    create: {
      method: 'post',
      action: 'post',
      verb: 'create',
      says: 'Create',
      parameters: writeParameters,
      body: bodyOf(schema),
      answers: { 200: schema, 201: schema, 202: schema },
    },
    deletecollection: {
      method: 'delete',
      action: 'deletecollection',
      verb: 'deleteCollection',
      says: 'Delete every selected',
      parameters: deleteCollectionParameters,
      body: deleteBody,
      answers: { 200: status },
    },
  };
  return served(place, deeds, info.verbs);
}

/** What can be done with one object, or with a part of it. */
function objectOperations(place: Place, verbs: readonly string[]): Operation[] {
  const { info, schema } = place;
  const patchTypes = isKubernetesGroup(info.group) ? [...patchContent, strategicContent] : patchContent;
  const written = { 200: schema, 201: schema };
  const deeds: Record<string, Deed> = {
    get: { method: 'get', action: 'get', verb: 'read', says: 'Read', parameters: [], answers: { 200: schema } },
    update: {
      method: 'put',
      action: 'put',
      verb: 'replace',
      says: 'Replace',
      parameters: writeParameters,
      body: bodyOf(schema),
      answers: written,
    },
    patch: {
      method: 'patch',
      action: 'patch',
      verb: 'patch',
      says: 'Change in part',
      parameters: patchParameters,
      body: bodyOf(metaName('Patch'), patchTypes),
      answers: written,
    },
    delete: {
      method: 'delete',
      action: 'delete',
      verb: 'delete',
      says: 'Delete',
      parameters: deleteParameters,
      body: deleteBody,
      answers: { 200: status, 202: status },
    },
  };
  return served(place, deeds, verbs);
}

const served = (place: Place, deeds: Record<string, Deed>, verbs: readonly string[]): Operation[] =>
  Object.entries(deeds).flatMap(([verb, deed]) => (verbs.includes(verb) ? operation(place, deed) : []));

/** Everything that can be done with a kind: across namespaces, in its collection, with one object and with its parts. */
export function operationsOf(info: ResourceInfo): Operation[] {
  const root = info.group === '' ? `/api/${info.version}` : `/apis/${info.group}/${info.version}`;
  const scope = info.namespaced ? `${root}/namespaces/{namespace}` : root;
  const collection: Place = {
    info,
    path: `${scope}/${info.plural}`,
    pathParameters: info.namespaced ? [namespaceParameter] : [],
    name: `${operationGroup(info)}${info.namespaced ? 'Namespaced' : ''}${info.kind}`,
    about: info.kind,
    gvk: gvkOf(info),
    schema: schemaName(info),
  };
  const object: Place = { ...collection, path: `${collection.path}/{name}`, pathParameters: [nameParameter, ...collection.pathParameters] };
  return [
    ...collectionOperations(collection),
    ...objectOperations(object, info.verbs),
    ...subresourcesOf(info).flatMap((sub) => objectOperations(partOf(object, sub), sub.verbs)),
    ...(info.namespaced ? acrossNamespaces(collection, root) : []),
  ];
}

const partOf = (object: Place, { name, gvk }: Subresource): Place => ({
  ...object,
  path: `${object.path}/${name}`,
  name: `${object.name}${name.charAt(0).toUpperCase()}${name.slice(1)}`,
  about: `the ${name} of ${object.about}`,
  gvk,
  schema: name === 'scale' ? scaleName : object.schema,
});

function acrossNamespaces({ info, ...collection }: Place, root: string): Operation[] {
  const name = `${operationGroup(info)}${info.kind}ForAllNamespaces`;
  const verbs = info.verbs.filter((verb) => verb === 'list');
  const everywhere = { ...collection, info: { ...info, verbs }, path: `${root}/${info.plural}`, pathParameters: [], name };
  return collectionOperations({ ...everywhere, about: `${info.kind} in all namespaces` });
}
