/**
 * Kubernetes-compatible CEL: rules of schemas, and expressions for admission policies. No expression can block the thread: every
 * step is paid from a budget, and patterns are matched in linear time.
 * @module
 */
export { BudgetExceeded, CelError, CelSyntaxError } from './cel-error.ts';
export { dyn } from './check/type.ts';
export { createEnvironment, type Environment } from './environment.ts';
export { Budget, defaultLimits, type Limits } from './evaluate/budget.ts';
export { Frame } from './evaluate/frame.ts';
export { threadClock } from './evaluate/thread-clock.ts';
export { compileExpression, type Expression } from './expression.ts';
export { type AccessQuestion, type Authorize, AuthorizerValue, authorizerFunctions } from './library/authorizer.ts';
export { checkRules } from './rules/check-rules.ts';
export { type CompiledRules, compileRules } from './rules/compile-rules.ts';
export { bindJson } from './value/bind.ts';
export type { MapValue, Value } from './value/value.ts';
