import { ApiError, isObject, type JsonObject, type KubeObject } from '@river/crds';
import type { TokenJudge } from '../authentication/authenticate.ts';
import type { Attributes, Subject } from '../authorization/attributes.ts';
import type { Rights } from '../authorization/rights.ts';
import type { PolicyRule } from '../authorization/rules.ts';
import { asJson } from '../object/encode.ts';
import { invalid } from '../schema/invalid.ts';
import { assumeKind, type Sent, shape } from '../write/prepare-object.ts';
import type { Requester, WriteOptions } from '../write/write-context.ts';
import { methodNotAllowed, type ResourceDeps, type ResourceRequest } from './resource-context.ts';

/** A question that is answered and not kept. */
export function answerReview(
  { rights, tokens }: Pick<ResourceDeps, 'rights' | 'tokens'>,
  request: ResourceRequest,
  sent: Sent,
  options: WriteOptions,
): KubeObject {
  const { target, namespace } = request;
  const { object } = sent;
  assumeKind(target, object);
  const token = target.kind.plural === 'tokenreviews' ? takeToken(object) : '';
  shape(target, sent, options);
  const causes = target.version.schema.validate(asJson(object), undefined);
  if (causes.length > 0) throw invalid({ group: target.kind.group, kind: target.kind.kind }, object.metadata.name, causes);
  const answer = answers[target.kind.plural];
  if (!answer) throw methodNotAllowed();
  // The schema has been applied: a spec is there where the kind has one.
  object.status = answer({ rights, tokens, token, spec: (object.spec ?? {}) as Spec, requester: options.requester, namespace });
  return object;
}

/** Takes the token out of the question, so that nothing that is said of it can repeat it. */
function takeToken(object: KubeObject): string {
  const { spec } = object;
  const token = isObject(spec) ? spec.token : undefined;
  if (!isObject(spec) || typeof token !== 'string' || token === '')
    throw new ApiError('BadRequest', 'spec.token is missing, or is no string: it must be the token that is asked about');
  if (token.length > longestToken) throw new ApiError('BadRequest', `spec.token is longer than any token: at most ${longestToken} bytes`);
  delete spec.token;
  return token;
}

/** As long as what fits into the header that tokens travel in. */
const longestToken = 32 * 1024;

interface Spec {
  audiences?: string[];
  resourceAttributes?: Partial<Record<'namespace' | 'verb' | 'group' | 'resource' | 'subresource' | 'name', string>>;
  nonResourceAttributes?: { path?: string; verb?: string };
  user?: string;
  groups?: string[];
  namespace?: string;
}

interface Question {
  rights: Rights;
  tokens: TokenJudge;
  /** The one that is asked about, in a TokenReview. */
  token: string;
  spec: Spec;
  requester: Requester;
  /** Of the address. */
  namespace: string;
}

const answers: Readonly<Record<string, (question: Question) => JsonObject>> = {
  selfsubjectaccessreviews: ({ rights, spec, requester }) => verdict(rights, requester, spec),
  subjectaccessreviews: ({ rights, spec }) => verdict(rights, subjectOf(spec), spec),
  localsubjectaccessreviews({ rights, spec, namespace }) {
    if (spec.resourceAttributes?.namespace !== namespace)
      throw new ApiError('BadRequest', `spec.resourceAttributes.namespace must be ${namespace}, as the address says`);
    return verdict(rights, subjectOf(spec), spec);
  },
  selfsubjectrulesreviews({ rights, spec, requester }) {
    if (!spec.namespace) throw new ApiError('BadRequest', 'spec.namespace is missing: rights are listed for one namespace');
    const { rules, isWhole } = rights.rulesOf(requester, spec.namespace);
    return {
      resourceRules: rules.filter(isOfResources).map(plain),
      nonResourceRules: rules.filter(isOfPaths).map(plain),
      incomplete: !isWhole,
      ...(!isWhole && { evaluationError: 'there are more rules than can be listed: ask for what you want with a SelfSubjectAccessReview' }),
    };
  },
  selfsubjectreviews: ({ requester }) => ({ userInfo: userInfo(requester) }),
  tokenreviews({ tokens, token, spec }) {
    const found = tokens.review(token, spec.audiences ?? []);
    if (!found) return { authenticated: false, error: 'the token is unknown, out of its time, for others, or of what is gone' };
    return { authenticated: true, user: userInfo(found.requester), audiences: found.audiences };
  },
};

const userInfo = ({ username, uid, groups, extra }: Requester): JsonObject =>
  plain({ username, ...(uid && { uid }), groups, ...(Object.keys(extra).length > 0 && { extra }) });

function verdict(rights: Rights, subject: Subject, spec: Spec): JsonObject {
  const allowed = rights.allows(subject, attributesIn(spec));
  return { allowed, ...(!allowed && { reason: 'no role that is bound to the user or to one of the groups allows it' }) };
}

function attributesIn({ resourceAttributes, nonResourceAttributes }: Spec): Attributes {
  if ((resourceAttributes === undefined) === (nonResourceAttributes === undefined))
    throw new ApiError('BadRequest', 'exactly one of spec.resourceAttributes and spec.nonResourceAttributes must be given');
  if (nonResourceAttributes) return { verb: nonResourceAttributes.verb ?? '', path: nonResourceAttributes.path ?? '' };
  const { namespace = '', verb = '', group = '', resource = '', subresource = '', name = '' } = resourceAttributes ?? {};
  return { verb, group, resource, subresource, namespace, name };
}

function subjectOf({ user = '', groups = [] }: Spec): Subject {
  if (user === '' && groups.length === 0) throw new ApiError('BadRequest', 'spec.user or spec.groups must be given');
  return { username: user, groups };
}

const isOfPaths = ({ nonResourceURLs = [] }: PolicyRule): boolean => nonResourceURLs.length > 0;
const isOfResources = (rule: PolicyRule): boolean => !isOfPaths(rule);

/** Rules and users are JSON, whatever their types say. */
const plain = (value: object): JsonObject => structuredClone(value) as JsonObject;
