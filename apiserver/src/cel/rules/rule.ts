import type { Cause, CelRule, StructuralSchema } from '@river/crds';
import { bool, type CelType, optionalOf, stringType } from '../check/type.ts';
import type { Environment } from '../environment.ts';
import { compileExpression, type Expression } from '../expression.ts';
import { resolveFieldPath } from './field-path.ts';

/** One rule at one place of a schema, compiled. */
export interface CompiledRule {
  rule: CelRule;
  expression: Expression;
  messageExpression: Expression | undefined;
  /** Compares with what was: runs only when there is an old value, unless that is optional. */
  isTransition: boolean;
  /** Appended to the path of the value. */
  fieldPath: string;
}

const ruleVariables = (rule: CelRule, self: CelType): ReadonlyMap<string, CelType> =>
  new Map([
    ['self', self],
    ['oldSelf', rule.optionalOldSelf ? optionalOf(self) : self],
  ]);

/** @throws CelSyntaxError */
export const compileRule = (rule: CelRule, schema: StructuralSchema, self: CelType, environment: Environment): CompiledRule => {
  const variables = ruleVariables(rule, self);
  const expression = compileExpression(rule.rule, environment, variables, bool);
  return {
    rule,
    expression,
    messageExpression: rule.messageExpression ? compileExpression(rule.messageExpression, environment, variables, stringType()) : undefined,
    isTransition: expression.uses('oldSelf'),
    fieldPath: rule.fieldPath ? (resolveFieldPath(rule.fieldPath, schema) ?? '') : '',
  };
};

/** An error of a rule, worded as Kubernetes words field errors. `type` stands for the value, which may be large. */
export const ruleCause = (reason: CelRule['reason'], field: string, type: string, message: string): Cause => {
  switch (reason) {
    case 'FieldValueForbidden':
      return { reason, field, message: `Forbidden: ${message}` };
    case 'FieldValueRequired':
      return { reason, field, message: `Required value: ${message}` };
    case 'FieldValueDuplicate':
      return { reason, field, message: `Duplicate value: "${type}"` };
    default:
      return { reason: 'FieldValueInvalid', field, message: `Invalid value: "${type}": ${message}` };
  }
};
