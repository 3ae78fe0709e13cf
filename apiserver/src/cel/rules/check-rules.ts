import type { CauseReason, CelRule, StructuralSchema } from '@river/crds';
import { CelError, CelSyntaxError } from '../cel-error.ts';
import { type BoundedCheck, boundedCheck, isOutOfTime } from '../check/bounded-check.ts';
import { minBytesOf, schemaType } from '../check/schema-type.ts';
import { type CelType, maxRequestBytes } from '../check/type.ts';
import { createEnvironment, type Environment } from '../environment.ts';
import { threadClock } from '../evaluate/thread-clock.ts';
import { resolveFieldPath } from './field-path.ts';
import { compileRule } from './rule.ts';

/** Why a CRD with these rules is refused. `path` is relative to the schema, such as `properties[spec].x-kubernetes-validations[0].rule`. */
export interface RuleProblem {
  path: string;
  reason: CauseReason;
  message: string;
}

const perExpressionLimit = 10_000_000;
const perSchemaLimit = 100_000_000;

/** How many values of a place an object can have; undefined when only the size of a request bounds it. */
type Cardinality = number | undefined;

interface Place {
  schema: StructuralSchema;
  path: string;
  cardinality: Cardinality;
  /** The list above this place whose items have no identity; transition rules are refused below it. */
  uncorrelatable: string | undefined;
  isRoot: boolean;
}

interface Report {
  problems: RuleProblem[];
  totalCost: number;
}

/** What admission of a CRD must refuse in its rules; empty when all is well. */
export const checkRules = (
  schema: StructuralSchema,
  environment: Environment = createEnvironment(),
  clock: () => number = threadClock,
): RuleProblem[] => {
  const report: Report = { problems: [], totalCost: 0 };
  try {
    checkPlace({ schema, path: '', cardinality: 1, uncorrelatable: undefined, isRoot: true }, boundedCheck(environment, clock), report);
  } catch (error) {
    if (!isOutOfTime(error)) throw error;
    report.problems.push({
      path: '',
      reason: 'FieldValueTooLong',
      message: `Too long: rules are too large to be checked: ${error.message}`,
    });
  }
  if (report.totalCost > perSchemaLimit) {
    report.problems.push(tooExpensive('', 'estimated cost of all rules of the schema', report.totalCost, perSchemaLimit));
  }
  return report.problems;
};

const childPath = (path: string, part: string): string => (path === '' ? part : `${path}.${part}`);

const multiply = (cardinality: Cardinality, by: number | undefined): Cardinality =>
  cardinality === undefined || by === undefined ? undefined : cardinality * by;

const checkPlace = (place: Place, bounds: BoundedCheck, report: Report): void => {
  const { schema, path } = place;
  checkOwnRules(place, bounds, report);
  const below = (part: string, child: StructuralSchema, more: Partial<Place> = {}) =>
    checkPlace({ ...place, isRoot: false, ...more, schema: child, path: childPath(path, part) }, bounds, report);
  for (const [name, property] of Object.entries(schema.properties ?? {})) below(`properties[${name}]`, property);
  if (typeof schema.additionalProperties === 'object') {
    below('additionalProperties', schema.additionalProperties, { cardinality: multiply(place.cardinality, schema.maxProperties) });
  }
  if (schema.items) {
    const isCorrelatable = schema['x-kubernetes-list-type'] === 'map';
    const uncorrelatable = place.uncorrelatable ?? (isCorrelatable ? undefined : path || '<root>');
    below('items', schema.items, { cardinality: multiply(place.cardinality, schema.maxItems), uncorrelatable });
  }
  refuseInJunctors(schema, path, report);
};

/** Rules may stand only in the structural part of a schema. */
const refuseInJunctors = (schema: StructuralSchema, path: string, report: Report): void => {
  const junctors: [string, StructuralSchema][] = (['allOf', 'anyOf', 'oneOf'] as const).flatMap((name) =>
    (schema[name] ?? []).map((part, index): [string, StructuralSchema] => [`${name}[${index}]`, part]),
  );
  if (schema.not) junctors.push(['not', schema.not]);
  for (const [name, part] of junctors) {
    if (!part['x-kubernetes-validations']) continue;
    const at = childPath(path, `${name}.x-kubernetes-validations`);
    report.problems.push({ path: at, reason: 'FieldValueForbidden', message: 'Forbidden: must be empty to be structural' });
  }
};

const checkOwnRules = (place: Place, bounds: BoundedCheck, report: Report): void => {
  const rules = place.schema['x-kubernetes-validations'] ?? [];
  if (rules.length === 0) return;
  const path = childPath(place.path, 'x-kubernetes-validations');
  if (/^properties\[metadata\](\.|$)/.test(place.path)) {
    report.problems.push({ path, reason: 'FieldValueForbidden', message: 'Forbidden: rules on metadata are not supported' });
    return;
  }
  const self = schemaType(place.schema, place.isRoot || place.schema['x-kubernetes-embedded-resource'] === true);
  if (!self) {
    report.problems.push({
      path,
      reason: 'FieldValueInvalid',
      message: 'Invalid value: rules need a schema with a type that expressions can see',
    });
    return;
  }
  for (const [index, rule] of rules.entries()) {
    const at = `${path}[${index}]`;
    report.problems.push(...checkTexts(rule, place.schema).map((problem) => ({ ...problem, path: `${at}.${problem.path}` })));
    if (rule.rule.trim() !== '') checkExpressions(rule, at, place, self, bounds, report);
  }
};

const invalid = (path: string, value: string, message: string): RuleProblem => ({
  path,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${message}`,
});

const reasons = ['FieldValueInvalid', 'FieldValueForbidden', 'FieldValueRequired', 'FieldValueDuplicate'];
const hasLineBreak = (text: string): boolean => /[\r\n]/.test(text);

const checkTexts = (rule: CelRule, schema: StructuralSchema): RuleProblem[] => {
  const problems: RuleProblem[] = [];
  if (rule.rule.trim() === '')
    problems.push({ path: 'rule', reason: 'FieldValueRequired', message: 'Required value: rule is not specified' });
  if (rule.message !== undefined && rule.message !== '' && rule.message.trim() === '')
    problems.push(invalid('message', rule.message, 'message must be non-empty if specified'));
  if (rule.message && hasLineBreak(rule.message.trim()))
    problems.push(invalid('message', rule.message, 'message must not contain line breaks'));
  if (hasLineBreak(rule.rule.trim()) && !rule.message)
    problems.push({
      path: 'message',
      reason: 'FieldValueRequired',
      message: 'Required value: message must be specified if rule contains line breaks',
    });
  if (rule.messageExpression !== undefined && rule.messageExpression !== '' && rule.messageExpression.trim() === '') {
    problems.push({
      path: 'messageExpression',
      reason: 'FieldValueRequired',
      message: 'Required value: messageExpression must be non-empty if specified',
    });
  }
  if (rule.reason !== undefined && !reasons.includes(rule.reason)) {
    problems.push({
      path: 'reason',
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(rule.reason)}: supported values: ${reasons.map((reason) => `"${reason}"`).join(', ')}`,
    });
  }
  if (rule.fieldPath !== undefined && rule.fieldPath !== '' && resolveFieldPath(rule.fieldPath, schema) === undefined) {
    problems.push(invalid('fieldPath', rule.fieldPath, 'fieldPath must be a valid path to a field of the schema, such as .spec.name'));
  }
  return problems;
};

const checkExpressions = (rule: CelRule, at: string, place: Place, self: CelType, bounds: BoundedCheck, report: Report): void => {
  const { environment } = bounds;
  bounds.begin(rule.rule + (rule.messageExpression ?? ''));
  try {
    const compiled = compileRule({ ...rule, messageExpression: '' }, place.schema, self, environment);
    if (compiled.isTransition && place.uncorrelatable && !rule.optionalOldSelf) {
      report.problems.push(
        invalid(
          `${at}.rule`,
          rule.rule,
          `oldSelf cannot be used here: items cannot be correlated with their old values within ${place.uncorrelatable}`,
        ),
      );
    }
    if (rule.optionalOldSelf && !compiled.isTransition) {
      report.problems.push(invalid(`${at}.optionalOldSelf`, 'true', 'optionalOldSelf may only be set when the rule uses oldSelf'));
    }
    addCost(`${at}.rule`, 'estimated rule cost', compiled.expression.cost, place, report);
  } catch (error) {
    report.problems.push(invalid(`${at}.rule`, rule.rule, `compilation failed: ${syntaxMessage(error)}`));
    return;
  }
  if (!rule.messageExpression?.trim()) return;
  try {
    const { messageExpression } = compileRule(rule, place.schema, self, environment);
    addCost(`${at}.messageExpression`, 'estimated messageExpression cost', messageExpression?.cost ?? 0, place, report);
  } catch (error) {
    report.problems.push(
      invalid(`${at}.messageExpression`, rule.messageExpression, `messageExpression compilation failed: ${syntaxMessage(error)}`),
    );
  }
};

const syntaxMessage = (error: unknown): string => {
  if (error instanceof CelSyntaxError || error instanceof CelError) return error.message;
  throw error;
};

/** As many values as are allowed, or as many as fit in a request. */
const timesEvaluated = ({ cardinality, schema }: Place): number =>
  cardinality ?? Math.max(1, Math.floor(maxRequestBytes / minBytesOf(schema)));

const addCost = (path: string, name: string, cost: number, place: Place, report: Report): void => {
  const total = cost * timesEvaluated(place);
  report.totalCost += total;
  if (total > perExpressionLimit) report.problems.push(tooExpensive(path, name, total, perExpressionLimit));
};

const tooExpensive = (path: string, name: string, cost: number, limit: number): RuleProblem => {
  const factor = cost / limit;
  const shown = factor > 100 ? 'more than 100x' : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`;
  const advice = '(simplify the rule, or add maxItems, maxProperties, and maxLength to the arrays, maps and strings that it walks)';
  return { path, reason: 'FieldValueForbidden', message: `Forbidden: ${name} exceeds budget by factor of ${shown} ${advice}` };
};
