import type { OpaqueValue } from '../value/value.ts';
import { method, type Overload } from './overload.ts';

/** What is asked: whether somebody may do something, as a SubjectAccessReview says it. */
export interface AccessQuestion {
  /** Of whom: the requesting user unless the expression names a service account. */
  serviceAccount?: { namespace: string; name: string };
  path?: string;
  group?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  verb?: string;
}

export interface AccessAnswer {
  allowed: boolean;
  reason: string;
  /** Set when the question could not be decided. */
  error?: string;
}

export type Authorize = (question: AccessQuestion) => AccessAnswer;

/** A question that is being put together, method by method; with an answer after `check`. */
export class AuthorizerValue implements OpaqueValue {
  readonly kind = 'authorizer';
  readonly question: AccessQuestion;
  readonly authorize: Authorize;
  readonly answer: AccessAnswer | undefined;
  constructor(authorize: Authorize, question: AccessQuestion = {}, answer?: AccessAnswer) {
    this.authorize = authorize;
    this.question = question;
    this.answer = answer;
  }
  equals(other: OpaqueValue): boolean {
    return other === this;
  }
  with(more: AccessQuestion): AuthorizerValue {
    return new AuthorizerValue(this.authorize, { ...this.question, ...more });
  }
}

/** As expensive as Kubernetes counts it: the answer may need a look-up elsewhere. */
const checkPrice = { price: () => 350_000 };

const check = (asked: AuthorizerValue, verb: string): AuthorizerValue => {
  const question = { ...asked.question, verb };
  return new AuthorizerValue(asked.authorize, question, asked.authorize(question));
};

export const authorizerFunctions: readonly Overload[] = [
  method('authorizer.path(string): authorizer', (asked: AuthorizerValue, path: string) => asked.with({ path })),
  method('authorizer.group(string): authorizer', (asked: AuthorizerValue, group: string) => asked.with({ group })),
  method('authorizer.serviceAccount(string, string): authorizer', (asked: AuthorizerValue, namespace: string, name: string) =>
    asked.with({ serviceAccount: { namespace, name } }),
  ),
  method('authorizer.resource(string): authorizer', (asked: AuthorizerValue, resource: string) => asked.with({ resource })),
  method('authorizer.subresource(string): authorizer', (asked: AuthorizerValue, subresource: string) => asked.with({ subresource })),
  method('authorizer.namespace(string): authorizer', (asked: AuthorizerValue, namespace: string) => asked.with({ namespace })),
  method('authorizer.name(string): authorizer', (asked: AuthorizerValue, name: string) => asked.with({ name })),
  method('authorizer.check(string): authorizer', check, checkPrice),
  method('authorizer.allowed(): bool', (asked: AuthorizerValue) => asked.answer?.allowed === true),
  method('authorizer.reason(): string', (asked: AuthorizerValue) => asked.answer?.reason ?? ''),
  method('authorizer.errored(): bool', (asked: AuthorizerValue) => asked.answer?.error !== undefined),
  method('authorizer.error(): string', (asked: AuthorizerValue) => asked.answer?.error ?? ''),
];
