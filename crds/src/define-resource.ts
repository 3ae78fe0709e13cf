import { z } from 'zod';
import { buildCrd, type Fields, type ResourceDescription } from './build-crd.ts';
import { ApiError } from './meta/api-error.ts';
import type { CustomResourceDefinition } from './meta/custom-resource-definition.ts';
import type { Json } from './meta/json.ts';
import type { KubeObject, ObjectMeta } from './meta/object-meta.ts';
import { causesOf } from './schema/causes-of.ts';

export type { Fields, ResourceDescription };

export interface ResourceDef<Served = KubeObject, Written = KubeObject> {
  readonly group: string;
  readonly version: string;
  /** `group/version`, or `version` alone for the core group. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly description: string;
  readonly crd: CustomResourceDefinition;
  /**
   * Checks a whole object and fills in defaults. Fields that the kind does not know are dropped.
   * @throws ApiError `Invalid` with a cause per field, or `BadRequest` when it is not this kind at all.
   */
  parse(json: unknown): Served;
  /** Never there: carries the type of {@link Draft}. */
  readonly draft?: Written;
}

/** A field that may be missing is missing, never undefined: so every object is also JSON. */
export type Exact<T> = T extends Json
  ? T
  : T extends readonly (infer Item)[]
    ? Exact<Item>[]
    : T extends object
      ? { [K in keyof T]: Exact<Exclude<T[K], undefined>> }
      : T;

// A type, not an interface: only then is an object also a KubeObject, which has an index signature.
type Head = { apiVersion: string; kind: string; metadata: ObjectMeta };

type ServedOf<F extends Fields> = Head & Exact<z.output<z.ZodObject<F>>>;
type WrittenOf<F extends Fields> = Head & Exact<z.input<z.ZodObject<F>>>;

/** An object as the server gives it, defaults filled in: `Resource<typeof Task>`. */
export type Resource<D extends ResourceDef<unknown, unknown>> = ReturnType<D['parse']>;

/** An object as a person writes it, defaults left out. */
export type Draft<D extends ResourceDef<unknown, unknown>> = NonNullable<D['draft']>;

/**
 * Defines a kind, once: its type, its validation and the CustomResourceDefinition under which it is served.
 * @throws SchemaError when the fields say what a Kubernetes API server could not serve
 */
export function defineResource<const F extends Fields>(description: ResourceDescription<F>): ResourceDef<ServedOf<F>, WrittenOf<F>> {
  const { group, version, kind, plural, scope, fields } = description;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const crd = buildCrd(description);
  const schema = z.object({ ...head(apiVersion, kind), ...fields });
  return {
    ...{ group, version, apiVersion, kind, plural, scope, crd },
    description: description.description,
    parse(json) {
      const result = schema.safeParse(json);
      if (result.success) return result.data as unknown as ServedOf<F>;
      throw invalid(description, apiVersion, json, result.error);
    },
  };
}

export const crdOf = (def: ResourceDef<unknown, unknown>): CustomResourceDefinition => def.crd;

const textMap = z.record(z.string(), z.string());
const objectMeta = z.looseObject({
  name: z.string().optional(),
  generateName: z.string().optional(),
  namespace: z.string().optional(),
  labels: textMap.optional(),
  annotations: textMap.optional(),
  finalizers: z.array(z.string()).optional(),
});

const head = (apiVersion: string, kind: string) => ({ apiVersion: z.literal(apiVersion), kind: z.literal(kind), metadata: objectMeta });

function invalid(def: ResourceDescription<Fields>, apiVersion: string, json: unknown, error: z.ZodError): ApiError {
  const said = z.looseObject({ apiVersion: z.string(), kind: z.string() }).safeParse(json);
  if (!said.success) return new ApiError('BadRequest', 'Object needs apiVersion and kind');
  if (said.data.apiVersion !== apiVersion || said.data.kind !== def.kind) {
    return new ApiError('BadRequest', `expected ${apiVersion} ${def.kind}, got ${said.data.apiVersion} ${said.data.kind}`);
  }
  const name = objectMeta.safeParse(said.data.metadata).data?.name ?? '';
  const causes = causesOf(error, json);
  const wrong = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = wrong.length === 1 ? wrong[0] : `[${wrong.join(', ')}]`;
  const kind = def.group === '' ? def.kind : `${def.kind}.${def.group}`;
  return new ApiError('Invalid', `${kind} "${name}" is invalid: ${list}`, { details: { name, group: def.group, kind: def.kind, causes } });
}
