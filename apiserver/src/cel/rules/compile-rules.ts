import { type Cause, isObject, type Json, type JsonObject, type StructuralSchema } from '@river/crds';
import { BudgetExceeded, CelError, CelSyntaxError } from '../cel-error.ts';
import { createEnvironment, type Environment } from '../environment.ts';
import { Budget, defaultLimits, type Limits } from '../evaluate/budget.ts';
import { Frame } from '../evaluate/frame.ts';
import { threadClock } from '../evaluate/thread-clock.ts';
import { bind } from '../value/bind.ts';
import { none, OptionalValue, type Value } from '../value/value.ts';
import { correlateItems, isSameJson } from './correlate.ts';
import { fieldAt } from './field-path.ts';
import { type CompiledRule, ruleCause } from './rule.ts';
import { type RuleNode, ruleTree } from './rule-tree.ts';

export interface RuleOptions {
  /** Share one among all schemas of a server: it holds the functions and the compiled patterns. */
  environment?: Environment;
  limits?: Partial<Limits>;
  /** Milliseconds, monotonic; the CPU time of the thread unless a test says otherwise. */
  clock?: () => number;
}

export interface CompiledRules {
  isEmpty: boolean;
  /** `old` is undefined on create. Gives every rule that the object breaks; never throws for anything an object or a rule contains. */
  validate(object: JsonObject, old: JsonObject | undefined): { causes: Cause[] };
}

/** The x-kubernetes-validations of a schema, ready to judge objects that the schema itself accepts. */
export const compileRules = (schema: StructuralSchema, options: RuleOptions = {}): CompiledRules => {
  const environment = options.environment ?? createEnvironment();
  const tree = ruleTree(schema, environment, true);
  const limits = { ...defaultLimits, ...options.limits };
  const clock = options.clock ?? threadClock;
  return {
    isEmpty: tree === undefined,
    validate: (object, old) => {
      if (!tree) return { causes: [] };
      const run: Run = { frame: new Frame([null, null], new Budget(limits, clock), environment), causes: [] };
      try {
        walk(tree, { value: object, old, path: '' }, run);
      } catch (error) {
        if (!(error instanceof BudgetExceeded)) throw error;
        const message = `out of cost budget, no further rules are run: ${error.message}`;
        run.causes.push(ruleCause(undefined, fieldAt(''), 'object', message));
      }
      return { causes: run.causes };
    },
  };
};

interface Run {
  frame: Frame;
  causes: Cause[];
}

interface Place {
  value: Json;
  old: Json | undefined;
  path: string;
}

const walk = (node: RuleNode, place: Place, run: Run): void => {
  if (place.value === null) return;
  for (const rule of node.rules) judge(node, rule, place, run);
  if (Array.isArray(place.value)) walkItems(node, place, place.value, run);
  else if (isObject(place.value)) walkFields(node, place, place.value, run);
};

const walkItems = (node: RuleNode, { old, path }: Place, items: readonly Json[], run: Run): void => {
  if (!node.items) return;
  const before = correlateItems(old, node.equality);
  for (const [index, item] of items.entries()) walk(node.items, { value: item, old: before(item), path: `${path}[${index}]` }, run);
};

const ownValue = (object: Json | undefined, name: string): Json | undefined =>
  isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;

const walkFields = (node: RuleNode, { old, path }: Place, fields: JsonObject, run: Run): void => {
  for (const [name, child] of node.properties) {
    const value = ownValue(fields, name);
    if (value !== undefined) walk(child, { value, old: ownValue(old, name), path: `${path}.${name}` }, run);
  }
  if (!node.values) return;
  for (const [key, value] of Object.entries(fields)) {
    if (!Object.hasOwn(node.schema.properties ?? {}, key))
      walk(node.values, { value, old: ownValue(old, key), path: `${path}[${key}]` }, run);
  }
};

const judge = (node: RuleNode, compiled: () => CompiledRule, place: Place, run: Run): void => {
  const type = node.schema.type ?? '';
  const rule = compileNow(compiled);
  if (typeof rule === 'string') {
    run.causes.push(ruleCause(undefined, fieldAt(place.path), type, rule));
    return;
  }
  const old = place.old ?? undefined;
  if (rule.isTransition && old === undefined && !rule.rule.optionalOldSelf) return;
  run.frame.slots[0] = bindSelf(node, place.value);
  run.frame.slots[1] = oldSelf(node, old, rule);
  const failure = evaluate(rule, run.frame);
  if (failure === undefined || isUnchanged(rule, place)) return;
  run.causes.push(ruleCause(rule.rule.reason, fieldAt(place.path, rule.fieldPath), type, failure));
};

/** A rule that got past admission and does not compile fails every object, with the reason. */
const compileNow = (compiled: () => CompiledRule): CompiledRule | string => {
  try {
    return compiled();
  } catch (error) {
    if (error instanceof CelSyntaxError || error instanceof CelError) return `rule compile error: ${error.message}`;
    throw error;
  }
};

const bindSelf = (node: RuleNode, value: Json): Value => {
  try {
    return bind(value, node.self);
  } catch (error) {
    if (error instanceof CelError) return null;
    throw error;
  }
};

const oldSelf = (node: RuleNode, old: Json | undefined, { rule }: CompiledRule): Value => {
  if (old === undefined) return none;
  const value = bindSelf(node, old);
  return rule.optionalOldSelf ? new OptionalValue(value) : value;
};

/** What an update leaves alone may stay invalid, except where the rule is about the change. */
const isUnchanged = (rule: CompiledRule, { value, old }: Place): boolean =>
  old !== undefined && !rule.isTransition && isSameJson(value, old);

/** The message of the failure; undefined when the rule holds. */
const evaluate = (rule: CompiledRule, frame: Frame): string | undefined => {
  try {
    return rule.expression.run(frame) === true ? undefined : failureMessage(rule, frame);
  } catch (error) {
    if (error instanceof CelError) return `${error.message} evaluating rule: ${rule.rule.message?.trim() || rule.rule.rule.trim()}`;
    if (error instanceof BudgetExceeded && error.scope === 'call')
      return `call cost limit exceeded evaluating rule: ${rule.rule.rule.trim()}`;
    throw error;
  }
};

const maxMessageLength = 5 * 1024;

const failureMessage = (rule: CompiledRule, frame: Frame): string => {
  const fallback = rule.rule.message?.trim() || `failed rule: ${rule.rule.rule.trim()}`;
  if (!rule.messageExpression) return fallback;
  try {
    const text = rule.messageExpression.run(frame);
    const isUsable = typeof text === 'string' && text.trim() !== '' && !/[\r\n]/.test(text) && text.length <= maxMessageLength;
    return isUsable ? text.trim() : fallback;
  } catch (error) {
    if (error instanceof CelError || (error instanceof BudgetExceeded && error.scope === 'call')) return fallback;
    throw error;
  }
};
