import { ApiError, type KubeObject } from '@river/crds';
import { type ApiClient, type DiscoveredResource, type Discovery, sleep, systemClock } from '@river/runtime';
import type { Context } from '../command/context.ts';
import { CommandError } from '../command/exit-code.ts';
import { fieldManager } from './prune-plan.ts';
import type { Document } from './read-documents.ts';
import { placed, resourceOf } from './targets.ts';

export interface Applied {
  resource: DiscoveredResource;
  /** As it was; undefined when there was none. */
  live: KubeObject | undefined;
  object: KubeObject;
  action: 'created' | 'configured' | 'unchanged';
}

export interface ApplyChoice {
  force: boolean;
  isDryRun: boolean;
}

const getLive = async (client: ApiClient, resource: DiscoveredResource, { metadata }: KubeObject): Promise<KubeObject | undefined> => {
  try {
    return await client.resource(resource).get(metadata.name, metadata.namespace ? { namespace: metadata.namespace } : {});
  } catch (error) {
    if (ApiError.is(error, 'NotFound')) return undefined;
    throw error;
  }
};

/** The kind that a document is of. A definition that this very run has applied may need a moment until it is served. */
const findResource = async (context: Context, { object, source }: Document, mayAppear: boolean): Promise<DiscoveredResource> => {
  let discovery: Discovery = await context.discovery();
  for (let tries = 0; mayAppear && tries < 40 && !discovery.findKind(object.apiVersion, object.kind); tries++) {
    await sleep(systemClock, tries < 10 ? 25 : 250);
    discovery = await context.rediscover();
  }
  return resourceOf(discovery, object, source);
};

const actionOf = (live: KubeObject | undefined, object: KubeObject, isDryRun: boolean): Applied['action'] => {
  if (!live) return 'created';
  const isSame = isDryRun
    ? JSON.stringify({ ...live, metadata: null }) === JSON.stringify({ ...object, metadata: null }) &&
      JSON.stringify(live.metadata.labels) === JSON.stringify(object.metadata.labels) &&
      JSON.stringify(live.metadata.annotations) === JSON.stringify(object.metadata.annotations)
    : live.metadata.resourceVersion === object.metadata.resourceVersion;
  return isSame ? 'unchanged' : 'configured';
};

/** Server-side apply of one document, and what came of it. Errors name the file. */
export const applyDocument = async (
  context: Context,
  document: Document,
  { force, isDryRun, mayAppear }: ApplyChoice & { mayAppear: boolean },
): Promise<Applied> => {
  const client = await context.client();
  const resource = await findResource(context, document, mayAppear);
  const { name } = document.object.metadata;
  if (!name) throw new CommandError('usage', `${document.source}: apply needs metadata.name; generateName is for create`);
  const object = placed(document.object, resource, client.namespace, document.source, context.namespaceFlag !== undefined);
  const live = await getLive(client, resource, object);
  const { managedFields, ...metadata } = object.metadata;
  const applied = await client.resource(resource).apply({ ...object, metadata }, { fieldManager, force, dryRun: isDryRun });
  return { resource, live, object: applied, action: actionOf(live, applied, isDryRun) };
};
