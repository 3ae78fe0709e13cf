import {
  type Cause,
  dnsLabel,
  dnsSubdomain,
  type JsonObject,
  labelValue,
  type NameRule,
  type ObjectMeta,
  pathSegment,
  qualifiedName,
} from '@river/crds';
import { append, forbidden, invalidValue, mostCauses, required, tooLong } from './field-causes.ts';

/** What a kind's names may look like. */
export type NameForm = 'subdomain' | 'label' | 'path-segment';

export interface MetadataRules {
  namespaced: boolean;
  nameRule: NameForm;
}

const nameRules: Readonly<Record<NameForm, NameRule>> = { subdomain: dnsSubdomain, label: dnsLabel, 'path-segment': pathSegment };

const mostAnnotationBytes = 256 * 1024;

const held = (field: string, value: string, rule: NameRule): Cause[] => rule(value).map((what) => invalidValue(field, value, what));

/** What is generated is appended, so a prefix may end in what a name must not end in. */
const asName = (prefix: string): string => (prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -1)}a` : prefix);

const nameCauses = (meta: ObjectMeta, rule: NameRule): Cause[] => {
  const causes: Cause[] = [];
  const { name = '', generateName = '' } = meta;
  if (generateName !== '') {
    append(
      causes,
      rule(asName(generateName)).map((what) => invalidValue('metadata.generateName', generateName, what)),
    );
  }
  if (name === '') causes.push(required('metadata.name', 'name or generateName is required'));
  else append(causes, held('metadata.name', name, rule));
  return causes;
};

const namespaceCauses = ({ namespace = '' }: ObjectMeta, namespaced: boolean): Cause[] => {
  if (!namespaced) return namespace === '' ? [] : [forbidden('metadata.namespace', 'not allowed on this type')];
  return namespace === '' ? [required('metadata.namespace')] : held('metadata.namespace', namespace, dnsLabel);
};

const labelCauses = (labels: Record<string, string>): Cause[] => {
  const causes: Cause[] = [];
  for (const key in labels) {
    if (causes.length >= mostCauses) break;
    append(causes, held('metadata.labels', key, qualifiedName), held('metadata.labels', labels[key] as string, labelValue));
  }
  return causes;
};

const annotationCauses = (annotations: Record<string, string>): Cause[] => {
  const causes: Cause[] = [];
  let bytes = 0;
  for (const key in annotations) {
    if (causes.length >= mostCauses) break;
    bytes += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] as string);
    append(
      causes,
      qualifiedName(key.toLowerCase()).map((what) => invalidValue('metadata.annotations', key, what)),
    );
  }
  if (bytes > mostAnnotationBytes) causes.push(tooLong('metadata.annotations', mostAnnotationBytes));
  return causes;
};

const finalizerCauses = (finalizers: readonly string[]): Cause[] => {
  const causes: Cause[] = [];
  for (const finalizer of finalizers) {
    if (causes.length >= mostCauses) break;
    append(causes, held('metadata.finalizers', finalizer, qualifiedName));
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    causes.push(invalidValue('metadata.finalizers', [...finalizers], 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
  return causes;
};

const ownerCauses = (owners: NonNullable<ObjectMeta['ownerReferences']>): Cause[] => {
  const at = 'metadata.ownerReferences';
  const causes: Cause[] = [];
  for (const owner of owners) {
    if (causes.length >= mostCauses) break;
    const version = (owner.apiVersion ?? '').split('/').at(-1) ?? '';
    if (version === '') causes.push(invalidValue(`${at}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'));
    for (const key of ['kind', 'name', 'uid'] as const) {
      if ((owner[key] ?? '') === '') causes.push(invalidValue(`${at}.${key}`, '', 'must not be empty'));
    }
    if (owner.kind === 'Event' && (owner.apiVersion === 'v1' || owner.apiVersion === 'events.k8s.io/v1')) {
      causes.push(invalidValue(at, owner.name, `${owner.apiVersion}, Kind=Event is disallowed from being an owner`));
    }
  }
  const [first, second] = owners.filter((owner) => owner.controller === true);
  if (first && second) {
    const both = `Found "true" in references for ${first.name} and ${second.name}`;
    causes.push(invalidValue(at, owners as unknown as JsonObject[], `Only one reference can have Controller set to true. ${both}`));
  }
  return causes;
};

/** What is wrong with metadata whose fields are of the right types. */
export const metadataCauses = (meta: ObjectMeta, { namespaced, nameRule }: MetadataRules): Cause[] => {
  const causes = [...nameCauses(meta, nameRules[nameRule]), ...namespaceCauses(meta, namespaced)];
  if (meta.generation !== undefined && meta.generation < 0) {
    causes.push(invalidValue('metadata.generation', meta.generation, 'must be greater than or equal to 0'));
  }
  if (meta.labels) append(causes, labelCauses(meta.labels));
  if (meta.annotations) append(causes, annotationCauses(meta.annotations));
  if (meta.finalizers) append(causes, finalizerCauses(meta.finalizers));
  if (meta.ownerReferences) append(causes, ownerCauses(meta.ownerReferences));
  return causes;
};
