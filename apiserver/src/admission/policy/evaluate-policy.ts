import { BudgetExceeded, CelError, type Expression, Frame, type MapValue, type Value } from '../../cel/index.ts';
import { type CompiledPolicy, type CompiledValidation, policyVariables } from './compile-policy.ts';
import type { Validation } from './policy.ts';

/** One thing a policy found wrong: a validation that is false, or an expression that failed under failurePolicy Fail. */
export interface Finding {
  message: string;
  reason: NonNullable<Validation['reason']>;
  expressionIndex: number;
}

export interface PolicyResult {
  findings: readonly Finding[];
  auditAnnotations: readonly [key: string, value: string][];
}

const variablesSlot = policyVariables.indexOf('variables');

/** `variables.x` is computed when first used; a failure is the failure of whoever uses it. */
class LazyVariables implements MapValue {
  readonly kind = 'object';
  readonly #expressions: CompiledPolicy['variables'];
  readonly #frame: Frame;
  #known: Map<string, Value> | undefined;
  constructor(expressions: CompiledPolicy['variables'], frame: Frame) {
    this.#expressions = expressions;
    this.#frame = frame;
  }
  get size(): number {
    return this.#expressions.size;
  }
  keys(): Value[] {
    return [...this.#expressions.keys()];
  }
  has(key: Value): boolean {
    return typeof key === 'string' && this.#expressions.has(key);
  }
  get(key: Value): Value | undefined {
    const expression = typeof key === 'string' ? this.#expressions.get(key) : undefined;
    if (typeof key !== 'string' || !expression) return undefined;
    const known = this.#known?.get(key);
    if (known !== undefined) return known;
    // Whoever asks is in the middle of an expression, whose own slots must stay as they are.
    const { slots, budget, environment } = this.#frame;
    const value = expression.run(new Frame(slots.slice(0, policyVariables.length), budget, environment));
    this.#known ??= new Map();
    this.#known.set(key, value);
    return value;
  }
}

/** Why an expression has no value. */
class Failed {
  readonly error: string;
  constructor({ source }: Expression, { message }: Error) {
    this.error = `expression '${source}' resulted in error: ${message}`;
  }
}

const attempt = (expression: Expression, frame: Frame): Value | Failed => {
  try {
    return expression.run(frame);
  } catch (error) {
    if (error instanceof CelError || error instanceof BudgetExceeded) return new Failed(expression, error);
    throw error;
  }
};

/** Judges one request with one set of parameters: the frame holds the policy variables but `variables`. Undefined: nothing is to be said. */
export const evaluatePolicy = (compiled: CompiledPolicy, frame: Frame): PolicyResult | undefined => {
  frame.slots[variablesSlot] = new LazyVariables(compiled.variables, frame);
  const matched = matchesConditions(compiled, frame);
  if (matched === false) return undefined;
  if (matched !== true) return { findings: refusal(compiled, matched, 0), auditAnnotations: [] };
  const findings: Finding[] = [];
  for (const validation of compiled.validations) {
    const outcome = attempt(validation.expression, frame);
    if (outcome !== true) findings.push(...findingsOf(compiled, validation, outcome, frame));
  }
  const auditAnnotations = annotations(compiled, frame);
  return findings.length > 0 || auditAnnotations.length > 0 ? { findings, auditAnnotations } : undefined;
};

const findingsOf = (compiled: CompiledPolicy, validation: CompiledValidation, outcome: Value | Failed, frame: Frame): Finding[] => {
  const index = compiled.validations.indexOf(validation);
  if (outcome instanceof Failed) return refusal(compiled, outcome, index);
  return [{ message: failureMessage(validation, frame), reason: validation.validation.reason ?? 'Invalid', expressionIndex: index }];
};

/** Whether an expression that has no value refuses the request is the policy's to say. */
const refusal = ({ policy }: CompiledPolicy, { error }: Failed, expressionIndex: number): Finding[] =>
  policy.spec.failurePolicy === 'Ignore' ? [] : [{ message: error, reason: 'Invalid', expressionIndex }];

/** One condition that is false decides; otherwise an error of any of them counts. */
const matchesConditions = (compiled: CompiledPolicy, frame: Frame): boolean | Failed => {
  let failure: Failed | undefined;
  for (const { expression } of compiled.matchConditions) {
    const outcome = attempt(expression, frame);
    if (outcome instanceof Failed) failure ??= outcome;
    else if (outcome !== true) return false;
  }
  return failure ?? true;
};

const failureMessage = ({ validation, messageExpression }: CompiledValidation, frame: Frame): string => {
  const fallback = validation.message?.trim() || `failed expression: ${validation.expression.trim()}`;
  if (!messageExpression) return fallback;
  const outcome = attempt(messageExpression, frame);
  const text = typeof outcome === 'string' ? outcome.trim() : '';
  return text === '' || /[\r\n]/.test(text) || text.length > 5 * 1024 ? fallback : text;
};

const annotations = (compiled: CompiledPolicy, frame: Frame): [string, string][] =>
  compiled.auditAnnotations.flatMap(({ key, expression }): [string, string][] => {
    const outcome = attempt(expression, frame);
    const isText = typeof outcome === 'string' && outcome.trim() !== '';
    return isText ? [[`${compiled.policy.metadata.name}/${key}`, outcome.slice(0, 10 * 1024)]] : [];
  });
