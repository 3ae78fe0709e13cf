import type { Cause, Json, StructuralSchema } from '@river/crds';
import { type Check, fail, type Run } from './check.ts';
import { invalidValue } from './field-causes.ts';

type Compile = (schema: StructuralSchema) => Check | undefined;

/**
 * What one branch says of the value, kept apart from the run's own causes. A branch never sees the old value: forgiving a part
 * of it would change which branch is right.
 */
const tryBranch = (check: Check | undefined, value: Json, run: Run): Cause[] => {
  if (!check) return [];
  const before = run.causes;
  run.causes = [];
  check(value, undefined, run);
  const found = run.causes;
  run.causes = before;
  return found;
};

const say = (run: Run, what: string): void => fail(run, (field) => invalidValue(field === '' ? '<nil>' : field, '', `"${field}" ${what}`));

const addAll = (run: Run, causes: readonly Cause[]): void => {
  for (const cause of causes) fail(run, () => cause);
};

const fewest = (found: readonly Cause[][]): readonly Cause[] =>
  found.reduce((best, next) => (next.length < best.length ? next : best), found[0] ?? []);

const anyCheck = (branches: readonly (Check | undefined)[]): Check => {
  return (value, _old, run) => {
    const found: Cause[][] = [];
    for (const branch of branches) {
      const causes = tryBranch(branch, value, run);
      if (causes.length === 0) return;
      found.push(causes);
    }
    say(run, 'must validate at least one schema (anyOf)');
    addAll(run, fewest(found));
  };
};

const oneCheck = (branches: readonly (Check | undefined)[]): Check => {
  return (value, _old, run) => {
    const found = branches.map((branch) => tryBranch(branch, value, run));
    const valid = found.filter((causes) => causes.length === 0).length;
    if (valid === 1) return;
    say(run, `must validate one and only one schema (oneOf). ${valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`}`);
    if (valid === 0) addAll(run, fewest(found));
  };
};

const everyCheck = (branches: readonly (Check | undefined)[]): Check => {
  return (value, _old, run) => {
    const found = branches.map((branch) => tryBranch(branch, value, run));
    const failed = found.filter((causes) => causes.length > 0);
    if (failed.length === 0) return;
    for (const causes of failed) addAll(run, causes);
    say(run, `must validate all the schemas (allOf)${failed.length === found.length ? '. None validated' : ''}`);
  };
};

const notCheck = (branch: Check | undefined): Check => {
  return (value, _old, run) => {
    if (tryBranch(branch, value, run).length === 0) say(run, 'must not validate the schema (not)');
  };
};

export const combinedChecks = (schema: StructuralSchema, compile: Compile): Check[] => {
  const checks: Check[] = [];
  if (schema.anyOf) checks.push(anyCheck(schema.anyOf.map(compile)));
  if (schema.oneOf) checks.push(oneCheck(schema.oneOf.map(compile)));
  if (schema.allOf) checks.push(everyCheck(schema.allOf.map(compile)));
  if (schema.not) checks.push(notCheck(compile(schema.not)));
  return checks;
};
