import type { Cause, CustomResourceDefinition, KubeObject, StructuralSchema } from '@river/crds';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { CompiledRules } from '../cel/index.ts';
import type { CompiledSchema } from '../schema/compile-schema.ts';
import type { NameForm } from '../schema/validate-metadata.ts';
import type { ResourceInfo } from './resource-info.ts';

/** One version of a kind, with everything that reading and writing it needs. */
export interface ServedVersion {
  readonly info: ResourceInfo;
  readonly apiVersion: string;
  readonly structural: StructuralSchema;
  readonly schema: CompiledSchema;
  readonly rules: CompiledRules;
  readonly isStorage: boolean;
  /** From the form in which the object is kept to this version, and back. Both may change the object in place. */
  fromStorage(object: KubeObject): KubeObject;
  toStorage(object: KubeObject): KubeObject;
}

/** What one of Kubernetes' own kinds does beyond its schema. A CRD's kind does none of it. */
export interface KindRules {
  verbs: readonly string[];
  nameRule: NameForm;
  /** A PUT without resourceVersion is accepted. */
  allowsBlindUpdate: boolean;
  /** A PUT to a name that does not exist creates it. */
  createsOnUpdate: boolean;
  /** A body need not say its kind and version: its address does. */
  mayOmitKind: boolean;
  acceptsStrategicPatch: boolean;
  /** Top-level fields whose values are not repeated in answers. */
  secretFields: readonly string[];
  /** Null is the same as nothing, as in the structs of Kubernetes' own kinds. */
  dropsNulls: boolean;
  /** Changes of what is wanted are counted in metadata.generation. */
  hasGeneration: boolean;
  /** The parts that the server fills in; in place. */
  complete(object: KubeObject, old: KubeObject | undefined): void;
  check(object: KubeObject, old: KubeObject | undefined): Cause[];
  /** The spec is written through the finalize subresource only. */
  hasFinalize: boolean;
  /** Gives tokens of its objects, through the token subresource. */
  hasToken: boolean;
  /** Approvals are written through the approval subresource only. */
  hasApproval: boolean;
  /** These may not be deleted. */
  keeps: ReadonlySet<string>;
  /** With its metadata's finalizers gone, something else still holds this object back. */
  isHeld(object: KubeObject): boolean;
}

/** One kind that the server serves, whoever defined it. */
export interface ServedKind {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly prefix: string;
  readonly definition: CustomResourceDefinition;
  readonly versions: ReadonlyMap<string, ServedVersion>;
  readonly storage: ServedVersion;
  readonly cache: ObjectCache;
  readonly rules: KindRules;
}

/** What a request is about: a kind at a version. */
export interface Target {
  kind: ServedKind;
  version: ServedVersion;
}

export const qualifiedName = ({ group, plural }: Pick<ServedKind, 'group' | 'plural'>): string =>
  group === '' ? plural : `${plural}.${group}`;
