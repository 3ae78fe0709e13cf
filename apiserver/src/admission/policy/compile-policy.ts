import type { CauseReason } from '@river/crds';
import { boundedCheck } from '../../cel/check/bounded-check.ts';
import { bool, type CelType, dyn, stringType } from '../../cel/check/type.ts';
import { BudgetExceeded, CelSyntaxError, compileExpression, type Environment, type Expression } from '../../cel/index.ts';
import type { ValidatingAdmissionPolicy, Validation } from './policy.ts';

export interface CompiledValidation {
  validation: Validation;
  expression: Expression;
  messageExpression: Expression | undefined;
}

export interface CompiledPolicy {
  policy: ValidatingAdmissionPolicy;
  matchConditions: { name: string; expression: Expression }[];
  variables: ReadonlyMap<string, Expression>;
  validations: CompiledValidation[];
  auditAnnotations: { key: string; expression: Expression }[];
}

/** In the order in which `expression.run` wants their values. */
export const policyVariables = [
  'object',
  'oldObject',
  'request',
  'params',
  'namespaceObject',
  'authorizer',
  'authorizer.requestResource',
  'variables',
] as const;

const variableTypes = (known: ReadonlyMap<string, CelType>): ReadonlyMap<string, CelType> => {
  const fields = new Map([...known].map(([name, type]) => [name, { jsonName: name, type }]));
  const authorizer: CelType = { kind: 'authorizer' };
  const types: Record<(typeof policyVariables)[number], CelType> = {
    object: dyn,
    oldObject: dyn,
    request: dyn,
    params: dyn,
    namespaceObject: dyn,
    authorizer,
    'authorizer.requestResource': authorizer,
    variables: { kind: 'object', name: 'variables', fields },
  };
  return new Map(policyVariables.map((name) => [name, types[name]]));
};

export interface PolicyProblem {
  path: string;
  reason: CauseReason;
  message: string;
}

type Compile = (path: string, source: string, expected?: CelType) => Expression | undefined;

type Begin = (source: string) => void;

const compileAll = (
  policy: ValidatingAdmissionPolicy,
  environment: Environment,
  begin: Begin,
): { compiled: CompiledPolicy; problems: PolicyProblem[] } => {
  const problems: PolicyProblem[] = [];
  const known = new Map<string, CelType>();
  let types = variableTypes(known);
  const compile: Compile = (path, source, expected) => {
    try {
      begin(source);
      return compileExpression(source, environment, types, expected);
    } catch (error) {
      if (!(error instanceof CelSyntaxError || error instanceof BudgetExceeded)) throw error;
      problems.push({
        path,
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(source)}: compilation failed: ${error.message}`,
      });
      return undefined;
    }
  };
  const { spec } = policy;
  const matchConditions = compileEach(spec.matchConditions, 'matchConditions', ({ name, expression: source }, path) => {
    const expression = compile(`${path}.expression`, source, bool);
    return expression && { name, expression };
  });
  const variables = compileEach(spec.variables, 'variables', ({ name, expression: source }, path) => {
    const expression = compile(`${path}.expression`, source);
    if (!expression) return undefined;
    known.set(name, expression.type);
    types = variableTypes(known);
    return { name, expression };
  });
  const validations = compileEach(spec.validations, 'validations', (validation, path) => compileValidation(validation, path, compile));
  const auditAnnotations = compileEach(spec.auditAnnotations, 'auditAnnotations', ({ key, valueExpression }, path) => {
    const expression = compile(`${path}.valueExpression`, valueExpression, stringType());
    return expression && { key, expression };
  });
  const byName = new Map(variables.map(({ name, expression }) => [name, expression]));
  return { compiled: { policy, matchConditions, variables: byName, validations, auditAnnotations }, problems };
};

const compileEach = <T, C>(list: readonly T[] | undefined, name: string, compile: (item: T, path: string) => C | undefined): C[] =>
  (list ?? []).flatMap((item, index) => {
    const compiled = compile(item, `spec.${name}[${index}]`);
    return compiled === undefined ? [] : [compiled];
  });

const compileValidation = (validation: Validation, path: string, compile: Compile): CompiledValidation | undefined => {
  const expression = compile(`${path}.expression`, validation.expression, bool);
  const messageExpression = validation.messageExpression
    ? compile(`${path}.messageExpression`, validation.messageExpression, stringType())
    : undefined;
  return expression && { validation, expression, messageExpression };
};

/** What admission of a policy must refuse: expressions that do not compile, or take too long to. */
export const checkPolicy = (policy: ValidatingAdmissionPolicy, environment: Environment): PolicyProblem[] => {
  const bounds = boundedCheck(environment);
  return compileAll(policy, bounds.environment, bounds.begin).problems;
};

/** A policy ready to run, or why it cannot be. */
export const compilePolicy = (policy: ValidatingAdmissionPolicy, environment: Environment): CompiledPolicy | { error: string } => {
  const { compiled, problems } = compileAll(policy, environment, () => {});
  const [first] = problems;
  return first ? { error: `${first.path}: ${first.message}` } : compiled;
};
