import { ApiError, type JsonObject } from '@river/crds';
import {
  type Authorize,
  AuthorizerValue,
  authorizerFunctions,
  Budget,
  bindJson,
  createEnvironment,
  defaultLimits,
  type Environment,
  Frame,
  type Limits,
  threadClock,
  type Value,
} from '../../cel/index.ts';
import { type AdmissionRequest, requestJson } from './admission-request.ts';
import { type CompiledPolicy, compilePolicy, policyVariables } from './compile-policy.ts';
import { evaluatePolicy, type Finding, type PolicyResult } from './evaluate-policy.ts';
import { isDecidedByKind, matchesRequest, mayMatch, selects } from './match-resources.ts';
import type { ParamRef, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from './policy.ts';

/** Reads parameter objects from memory: by name, or all of a namespace (or of none) when `name` is undefined. */
export type GetParams = (query: {
  apiVersion: string;
  kind: string;
  namespace: string | undefined;
  name: string | undefined;
}) => readonly JsonObject[];

export interface PolicyOptions {
  /** Made with {@link policyEnvironment}; share one per server. */
  environment?: Environment;
  getParams?: GetParams;
  /** Without it, every question of an expression about access is answered no. */
  authorize?: (request: AdmissionRequest) => Authorize;
  limits?: Partial<Limits>;
  clock?: () => number;
}

export interface PolicyOutcome {
  deny?: ApiError;
  warnings: string[];
  /** Annotations for the audit event of the request. */
  audit: Record<string, string>;
}

export interface PolicySet {
  /** The outcome of a write. Reads nothing but the request and what the options look up. */
  evaluate(request: AdmissionRequest): PolicyOutcome;
}

export const policyEnvironment = (): Environment => createEnvironment(authorizerFunctions);

const nothing: PolicyOutcome = Object.freeze({ warnings: [], audit: {} });

/** Policies do not judge what decides about access, or themselves: otherwise one mistake could lock everybody out. */
const isExempt = ({ group, resource }: AdmissionRequest['resource']): boolean => {
  if (group === 'admissionregistration.k8s.io') return /^(validating|mutating)(admissionpolic|webhookconfig)/.test(resource);
  return (group === 'authentication.k8s.io' || group === 'authorization.k8s.io') && resource.endsWith('reviews');
};

interface Bound {
  policy: ValidatingAdmissionPolicy;
  /** That it is in the index for a kind of request says that it matches. */
  isByKind: boolean;
  bindings: { binding: ValidatingAdmissionPolicyBinding; isForAll: boolean }[];
  /** Compiled when a request first matches. */
  compiled?: CompiledPolicy | { error: string };
}

const maxIndexEntries = 4096;

/** All policies and bindings of the server, indexed by what they are about. Make a new set when any of them changes. */
export const compilePolicies = (
  policies: readonly ValidatingAdmissionPolicy[],
  bindings: readonly ValidatingAdmissionPolicyBinding[],
  options: PolicyOptions = {},
): PolicySet => {
  const environment = options.environment ?? policyEnvironment();
  const byPolicy = Map.groupBy(bindings, (binding) => binding.spec.policyName);
  const all = policies.flatMap((policy): Bound[] => {
    const own = byPolicy.get(policy.metadata.name);
    const isByKind = isDecidedByKind(policy.spec.matchConstraints ?? {});
    return own ? [{ policy, isByKind, bindings: own.map((binding) => ({ binding, isForAll: isForAll(binding) })) }] : [];
  });
  const index = new Map<string, readonly Bound[]>();
  const candidates = (request: AdmissionRequest): readonly Bound[] => {
    const { group, version, resource, subresource } = request.resource;
    const key = `${request.operation} ${group}/${version}/${resource}/${subresource ?? ''} ${request.namespace === undefined}`;
    const known = index.get(key);
    if (known) return known;
    const found = isExempt(request.resource) ? [] : all.filter(({ policy }) => mayMatch(policy.spec.matchConstraints ?? {}, request));
    if (index.size >= maxIndexEntries) index.clear();
    index.set(key, found);
    return found;
  };
  return {
    evaluate: (request) => {
      const matching = all.length === 0 ? [] : candidates(request);
      return matching.length === 0 ? nothing : evaluateAll(matching, request, environment, options);
    },
  };
};

const isForAll = ({ spec: { matchResources = {} } }: ValidatingAdmissionPolicyBinding): boolean =>
  isDecidedByKind(matchResources) && (matchResources.resourceRules ?? []).length === 0;

interface Failure extends Finding {
  policy: string;
  binding: string;
  validationActions: string[];
}

const evaluateAll = (
  matching: readonly Bound[],
  request: AdmissionRequest,
  environment: Environment,
  options: PolicyOptions,
): PolicyOutcome => {
  const budget = new Budget({ ...defaultLimits, ...options.limits }, options.clock ?? threadClock);
  let frame: Frame | undefined;
  const failures: Failure[] = [];
  const audit: Record<string, string> = {};
  for (const bound of matching) {
    if (!bound.isByKind && !matchesRequest(bound.policy.spec.matchConstraints, request)) continue;
    for (const { binding, isForAll } of bound.bindings) {
      if (!isForAll && !matchesRequest(binding.spec.matchResources, request)) continue;
      frame ??= new Frame(requestValues(request, options), budget, environment);
      const result = evaluateBinding(bound, binding, request, frame, options);
      if (!result) continue;
      const { findings, auditAnnotations } = result;
      const { validationActions = ['Deny'] } = binding.spec;
      for (const finding of findings)
        failures.push({ ...finding, policy: bound.policy.metadata.name, binding: binding.metadata.name, validationActions });
      for (const [key, value] of auditAnnotations)
        audit[key] = audit[key] === undefined || audit[key] === value ? value : `${audit[key]}, ${value}`;
    }
  }
  return conclude(failures, audit, request);
};

/** The policy variables, without parameters yet. */
const requestValues = (request: AdmissionRequest, options: PolicyOptions): Value[] => {
  const authorizer = new AuthorizerValue(options.authorize?.(request) ?? (() => ({ allowed: false, reason: 'no authorizer' })));
  const { group, resource, subresource } = request.resource;
  const requestResource = authorizer.with({
    group,
    resource,
    ...(subresource !== undefined && { subresource }),
    ...(request.namespace !== undefined && { namespace: request.namespace }),
    name: request.name,
  });
  const object = bindJson(request.object);
  const oldObject = bindJson(request.oldObject);
  return [object, oldObject, bindJson(requestJson(request)), null, bindJson(request.namespaceObject), authorizer, requestResource];
};

const paramsSlot = policyVariables.indexOf('params');

/** A policy that cannot be applied refuses the request, or lets it pass: failurePolicy decides. */
const cannotApply = ({ policy }: Bound, message: string): PolicyResult => ({
  findings: policy.spec.failurePolicy === 'Ignore' ? [] : [{ message, reason: 'Invalid', expressionIndex: 0 }],
  auditAnnotations: [],
});

/** Undefined when there is nothing to say. */
const evaluateBinding = (
  bound: Bound,
  binding: ValidatingAdmissionPolicyBinding,
  request: AdmissionRequest,
  frame: Frame,
  options: PolicyOptions,
): PolicyResult | undefined => {
  bound.compiled ??= compilePolicy(bound.policy, frame.environment);
  const { compiled } = bound;
  if ('error' in compiled) return cannotApply(bound, compiled.error);
  const params = findParams(bound.policy, binding.spec.paramRef, request, options);
  if (!params) {
    frame.slots[paramsSlot] = null;
    return evaluatePolicy(compiled, frame);
  }
  if (params.length === 0) {
    if (binding.spec.paramRef?.parameterNotFoundAction === 'Allow') return undefined;
    return cannotApply(bound, 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  const results = params.map((param) => {
    frame.slots[paramsSlot] = bindJson(param);
    return evaluatePolicy(compiled, frame);
  });
  return {
    findings: results.flatMap((result) => result?.findings ?? []),
    auditAnnotations: results.flatMap((result) => result?.auditAnnotations ?? []),
  };
};

/** The objects that exist. Undefined when the policy or the binding has no parameters. */
const findParams = (
  policy: ValidatingAdmissionPolicy,
  ref: ParamRef | undefined,
  request: AdmissionRequest,
  options: PolicyOptions,
): readonly JsonObject[] | undefined => {
  const kind = policy.spec.paramKind;
  if (!kind || !ref) return undefined;
  const found = options.getParams?.({ ...kind, namespace: ref.namespace ?? request.namespace, name: ref.name }) ?? [];
  return ref.selector ? found.filter((param) => selects(ref.selector, labelsOf(param))) : found;
};

const labelsOf = ({ metadata }: JsonObject): JsonObject => {
  const labels = typeof metadata === 'object' && metadata !== null && 'labels' in metadata ? metadata.labels : undefined;
  return typeof labels === 'object' && !Array.isArray(labels) && labels !== null ? labels : {};
};

const conclude = (failures: readonly Failure[], audit: Record<string, string>, request: AdmissionRequest): PolicyOutcome => {
  const by = (action: string) => failures.filter(({ validationActions }) => validationActions.includes(action));
  const [denied] = by('Deny');
  const warnings = by('Warn').map(
    ({ policy, binding, message }) => `Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${binding}': ${message}`,
  );
  const audited = by('Audit').map(({ message, policy, binding, expressionIndex, validationActions }) => ({
    message,
    policy,
    binding,
    expressionIndex,
    validationActions,
  }));
  if (audited.length > 0) audit['validation.policy.admission.k8s.io/validation_failure'] = JSON.stringify(audited);
  return { ...(denied && { deny: denial(denied, request) }), warnings, audit };
};

const denial = ({ policy, binding, message, reason }: Failure, { resource, name }: AdmissionRequest): ApiError => {
  const text = `ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: ${message}`;
  const qualified = resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`;
  return new ApiError(reason, `${qualified}${name === '' ? '' : ` "${name}"`} is forbidden: ${text}`, {
    details: { name, group: resource.group, kind: resource.resource, causes: [{ reason: 'FieldValueInvalid', field: '', message: text }] },
  });
};
