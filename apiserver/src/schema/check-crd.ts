import {
  type Cause,
  type CrdNames,
  type CrdSpec,
  type CustomResourceDefinition,
  dns1035Label,
  dnsSubdomain,
  type JsonObject,
  type NameRule,
} from '@river/crds';
import { type CheckRules, checkCrdVersion } from './check-crd-version.ts';
import { compileSchema } from './compile-schema.ts';
import { crdShape } from './crd-shape.ts';
import { append, invalidValue, mostCauses, notSupported, required } from './field-causes.ts';

export type { CheckRules } from './check-crd-version.ts';

const approval = 'api-approved.kubernetes.io';

const shape = compileSchema(crdShape);

const checkGroup = (group: string, annotations: Readonly<Record<string, string>>): Cause[] => {
  const field = 'spec.group';
  if (group === '') return [required(field)];
  const causes = dnsSubdomain(group).map((what) => invalidValue(field, group, what));
  if (!group.includes('.')) causes.push(invalidValue(field, group, 'should be a domain with at least one dot'));
  const isProtected = /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group);
  if (isProtected && !annotations[approval]) {
    const says = `protected groups must have approval annotation "${approval}", see https://github.com/kubernetes/enhancements/pull/1111`;
    causes.push(required(`metadata.annotations[${approval}]`, says));
  }
  return causes;
};

const kindRule: NameRule = (kind) => {
  const wrong = dns1035Label(kind.toLowerCase());
  return wrong.length === 0 ? [] : [`may have mixed case, but should otherwise match: ${wrong.join(',')}`];
};

const checkNames = (names: CrdNames): Cause[] => {
  const { plural, singular, kind, listKind, shortNames, categories } = names;
  const one = (key: string, text: string, rule: NameRule): Cause[] =>
    text === '' ? [required(`spec.names.${key}`)] : rule(text).map((what) => invalidValue(`spec.names.${key}`, text, what));
  const causes = [...one('plural', plural, dns1035Label), ...one('kind', kind, kindRule)];
  if (singular !== undefined) append(causes, one('singular', singular, dns1035Label));
  if (listKind !== undefined) append(causes, one('listKind', listKind, kindRule));
  if (kind !== '' && kind === listKind) causes.push(invalidValue('spec.names.listKind', listKind, 'kind and listKind may not be the same'));
  for (const [key, texts] of Object.entries({ shortNames: shortNames ?? [], categories: categories ?? [] })) {
    for (const [at, text] of texts.entries()) append(causes, one(`${key}[${at}]`, text, dns1035Label));
  }
  return causes;
};

const checkVersions = (spec: CrdSpec, checkRules: CheckRules): Cause[] => {
  const field = 'spec.versions';
  if (spec.versions.length === 0) return [required(field)];
  const causes: Cause[] = [];
  const names = spec.versions.map((version) => version.name);
  for (const [at, version] of spec.versions.entries()) append(causes, checkCrdVersion(version, `${field}[${at}]`, checkRules));
  if (new Set(names).size < names.length) causes.push(invalidValue(field, names, 'must contain unique version names'));
  if (spec.versions.filter((version) => version.storage).length !== 1) {
    causes.push(invalidValue(field, names, 'must have exactly one version marked as storage version'));
  }
  return causes;
};

const checkConversion = ({ conversion, preserveUnknownFields }: CrdSpec): Cause[] => {
  const causes: Cause[] = [];
  if (preserveUnknownFields) {
    const says = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    causes.push(invalidValue('spec.preserveUnknownFields', true, says));
  }
  const strategy = conversion?.strategy;
  if (strategy === 'Webhook')
    causes.push(invalidValue('spec.conversion.strategy', strategy, 'conversion webhooks are not supported by this server: use None'));
  else if (strategy !== undefined && strategy !== 'None')
    causes.push(notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook']));
  return causes;
};

const isEstablished = (crd: CustomResourceDefinition): boolean =>
  crd.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;

const checkUpdate = (crd: CustomResourceDefinition, old: CustomResourceDefinition): Cause[] => {
  const kept: [string, string, string][] = [
    ['spec.group', crd.spec.group, old.spec.group],
    ['spec.names.plural', crd.spec.names.plural, old.spec.names.plural],
  ];
  if (isEstablished(old))
    kept.push(['spec.scope', crd.spec.scope, old.spec.scope], ['spec.names.kind', crd.spec.names.kind, old.spec.names.kind]);
  const causes = kept.filter(([, now, before]) => now !== before).map(([field, now]) => invalidValue(field, now, 'field is immutable'));
  const names = new Set(crd.spec.versions.map((version) => version.name));
  for (const [at, stored] of (crd.status?.storedVersions ?? old.status?.storedVersions ?? []).entries()) {
    if (!names.has(stored)) causes.push(invalidValue(`status.storedVersions[${at}]`, stored, 'must appear in spec.versions'));
  }
  return causes;
};

/**
 * What a Kubernetes API server would refuse about a definition that a stranger sent (its metadata's general rules apart), on
 * create, or against `old` on update. Any JSON may be given; what is accepted is safe for `compileSchema`.
 */
export const checkCrd = (crd: JsonObject, old: CustomResourceDefinition | undefined, checkRules: CheckRules): Cause[] => {
  const misshapen = shape.validate(crd);
  if (misshapen.length > 0) return misshapen;
  const given = crd as unknown as CustomResourceDefinition;
  const { spec, metadata } = given;
  const name = metadata?.name ?? '';
  const causes: Cause[] = [];
  if (name !== `${spec.names.plural}.${spec.group}`)
    causes.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  append(causes, checkGroup(spec.group, metadata?.annotations ?? {}), checkNames(spec.names));
  if ((spec.scope as string) === '') causes.push(required('spec.scope'));
  else if (!['Cluster', 'Namespaced'].includes(spec.scope)) causes.push(notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
  append(causes, checkVersions(spec, checkRules), checkConversion(spec));
  if (old) append(causes, checkUpdate(given, old));
  return causes.slice(0, mostCauses);
};
