import { type Budget, BudgetExceeded, CelError, type Expression, type MapValue, type Value } from '../../cel/index.ts';
import type { CompiledPolicy, CompiledValidation } from './compile-policy.ts';
import type { Validation } from './policy.ts';

/** One thing a policy found wrong: a validation that is false, or an expression that failed under failurePolicy Fail. */
export interface Finding {
  message: string;
  reason: NonNullable<Validation['reason']>;
  expressionIndex: number;
}

export interface PolicyResult {
  findings: Finding[];
  auditAnnotations: [key: string, value: string][];
}

/** The values of the policy variables before `variables`, in their order. */
export type PolicyValues = readonly Value[];

/** `variables.x` is computed when first used; a failure is the failure of whoever uses it. */
const lazyVariables = ({ variables: expressions }: CompiledPolicy, values: PolicyValues, budget: Budget): MapValue => {
  const known = new Map<string, Value>();
  const view: MapValue = {
    kind: 'object',
    size: expressions.size,
    keys: () => [...expressions.keys()],
    has: (key) => typeof key === 'string' && expressions.has(key),
    get: (key) => {
      const expression = typeof key === 'string' ? expressions.get(key) : undefined;
      if (typeof key !== 'string' || !expression) return undefined;
      const value = known.get(key) ?? expression.run([...values, view], budget);
      known.set(key, value);
      return value;
    },
  };
  return view;
};

type Outcome = { value: Value } | { error: string };

const attempt = (expression: Expression, values: PolicyValues, budget: Budget): Outcome => {
  try {
    return { value: expression.run(values, budget) };
  } catch (error) {
    if (error instanceof CelError || error instanceof BudgetExceeded)
      return { error: `expression '${expression.source}' resulted in error: ${error.message}` };
    throw error;
  }
};

/** Judges one request with one set of parameters. Undefined when the match conditions leave the request alone. */
export const evaluatePolicy = (compiled: CompiledPolicy, values: PolicyValues, budget: Budget): PolicyResult | undefined => {
  const all = [...values, lazyVariables(compiled, values, budget)];
  const isStrict = compiled.policy.spec.failurePolicy !== 'Ignore';
  const refuse = (message: string, expressionIndex = 0): Finding[] => (isStrict ? [{ message, reason: 'Invalid', expressionIndex }] : []);
  const matched = matchesConditions(compiled, all, budget);
  if (matched === false) return undefined;
  if (matched !== true) return { findings: refuse(matched.error), auditAnnotations: [] };
  const findings = compiled.validations.flatMap((validation, index): Finding[] => {
    const outcome = attempt(validation.expression, all, budget);
    if ('error' in outcome) return refuse(outcome.error, index);
    if (outcome.value === true) return [];
    return [
      { message: failureMessage(validation, all, budget), reason: validation.validation.reason ?? 'Invalid', expressionIndex: index },
    ];
  });
  return { findings, auditAnnotations: annotations(compiled, all, budget) };
};

/** One condition that is false decides; otherwise an error of any of them counts. */
const matchesConditions = (compiled: CompiledPolicy, values: PolicyValues, budget: Budget): boolean | { error: string } => {
  let failure: { error: string } | undefined;
  for (const { expression } of compiled.matchConditions) {
    const outcome = attempt(expression, values, budget);
    if ('error' in outcome) failure ??= outcome;
    else if (outcome.value !== true) return false;
  }
  return failure ?? true;
};

const failureMessage = ({ validation, messageExpression }: CompiledValidation, values: PolicyValues, budget: Budget): string => {
  const fallback = validation.message?.trim() || `failed expression: ${validation.expression.trim()}`;
  if (!messageExpression) return fallback;
  const outcome = attempt(messageExpression, values, budget);
  const text = 'value' in outcome && typeof outcome.value === 'string' ? outcome.value.trim() : '';
  return text === '' || /[\r\n]/.test(text) || text.length > 5 * 1024 ? fallback : text;
};

const annotations = (compiled: CompiledPolicy, values: PolicyValues, budget: Budget): [string, string][] =>
  compiled.auditAnnotations.flatMap(({ key, expression }): [string, string][] => {
    const outcome = attempt(expression, values, budget);
    const isText = 'value' in outcome && typeof outcome.value === 'string' && outcome.value.trim() !== '';
    return isText ? [[`${compiled.policy.metadata.name}/${key}`, String(outcome.value).slice(0, 10 * 1024)]] : [];
  });
