import { ApiError, isObject, type Json, type JsonObject, type KubeObject } from '@river/crds';
import { asJson, decodeObject } from '../object/encode.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { getObject } from '../read/get-object.ts';
import { presentBytes } from '../read/present.ts';
import { invalidValue } from '../schema/field-causes.ts';
import { invalid } from '../schema/invalid.ts';
import { compileJsonPath, setAtSimplePath } from '../table/index.ts';
import { patchObject } from '../write/patch-object.ts';
import { sendJson } from './exchange.ts';
import { type PatchBody, readJson, readPatch } from './handle-resource.ts';
import { methodNotAllowed, type ResourceDeps, type ResourceRequest, writeOptions } from './resource-context.ts';

type ScalePaths = NonNullable<ResourceRequest['target']['version']['info']['scale']>;

/** The scale subresource: any kind with replicas, seen as an autoscaling/v1 Scale. */
export async function handleScale(deps: ResourceDeps, request: ResourceRequest): Promise<void> {
  const { exchange, target, namespace, name } = request;
  const paths = target.version.info.scale;
  if (!paths) throw methodNotAllowed();
  const { method } = exchange.request;
  if (method === 'GET') {
    const object = await getObject(deps, target, namespace, name);
    return sendJson(exchange, 200, scaleOf(decodeObject(presentBytes(object, target.version, target.kind.cache)), paths));
  }
  if (method !== 'PUT' && method !== 'PATCH') throw methodNotAllowed();
  const wanted = method === 'PUT' ? replaceWith((await readJson(deps, exchange)).value) : patchWith(await readPatch(deps, request));
  const live = await getObject(deps, target, namespace, name);
  const scale = scaleOf(decodeObject(presentBytes(live, target.version, target.kind.cache)), paths);
  // A patch is made of what stands here now, so only a version that it names itself binds it; what is put was seen by its writer.
  const known = method === 'PUT' ? undefined : live.revision.toString();
  const body = changeOf(paths, wanted(scale), name, known);
  const written = await patchObject(deps, {
    target,
    namespace,
    name,
    subresource: 'scale',
    how: 'merge',
    body,
    duplicates: [],
    force: false,
    options: writeOptions(exchange),
  });
  exchange.trail?.wrote(written.object);
  return sendJson(exchange, 200, scaleOf(decodeObject(presentBytes(written.object, target.version, target.kind.cache)), paths));
}

const first = (object: JsonObject, path: string | undefined): Json | undefined => (path ? compileJsonPath(path)(object)[0] : undefined);

function scaleOf(object: KubeObject, paths: ScalePaths): JsonObject {
  const json = asJson(object);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = first(json, paths.labelSelectorPath);
  const metadata = { name, namespace, uid, resourceVersion, creationTimestamp } as JsonObject;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata,
    spec: { replicas: first(json, paths.specReplicasPath) ?? 0 },
    status: { replicas: first(json, paths.statusReplicasPath) ?? 0, ...(typeof selector === 'string' && { selector }) },
  };
}

const replaceWith = (sent: JsonObject) => (): Json => sent;

const patchWith =
  ({ how, body }: PatchBody) =>
  (scale: JsonObject): Json =>
    how === 'json' ? jsonPatch(scale, body) : mergePatch(scale, body);

/** The merge patch on the object itself that a new Scale amounts to. */
function changeOf({ specReplicasPath }: ScalePaths, next: Json, name: string, known: string | undefined): JsonObject {
  if (!isObject(next) || !isObject(next.spec ?? {})) throw new ApiError('BadRequest', 'the body must be an autoscaling/v1 Scale');
  const spec = isObject(next.spec) ? next.spec : {};
  const replicas = spec.replicas ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) {
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, [
      invalidValue('spec.replicas', replicas, 'must be a whole number that is not negative'),
    ]);
  }
  const resourceVersion = isObject(next.metadata) ? next.metadata.resourceVersion : undefined;
  const pinned = resourceVersion && resourceVersion !== known ? { metadata: { resourceVersion } } : {};
  return setAtSimplePath(pinned, specReplicasPath, replicas);
}
