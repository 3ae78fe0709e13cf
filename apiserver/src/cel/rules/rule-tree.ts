import type { CelRule, StructuralSchema } from '@river/crds';
import { schemaType } from '../check/schema-type.ts';
import type { CelType } from '../check/type.ts';
import type { Environment } from '../environment.ts';
import type { ListEquality } from '../value/value.ts';
import { type CompiledRule, compileRule } from './rule.ts';

/** The part of a schema in which rules are: everything else is not walked. */
export interface RuleNode {
  schema: StructuralSchema;
  self: CelType;
  /** Compiled when first run. */
  rules: (() => CompiledRule)[];
  properties: [name: string, node: RuleNode][];
  items: RuleNode | undefined;
  values: RuleNode | undefined;
  equality: ListEquality;
}

const lazily = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

/** Undefined where there is no rule in the whole subtree. */
export const ruleTree = (schema: StructuralSchema, environment: Environment, isRoot: boolean): RuleNode | undefined => {
  const below = (part: StructuralSchema) => ruleTree(part, environment, false);
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, property]): [string, RuleNode][] => {
    const node = isRoot && name === 'metadata' ? undefined : below(property);
    return node ? [[name, node]] : [];
  });
  const items = schema.items && below(schema.items);
  const values = typeof schema.additionalProperties === 'object' ? below(schema.additionalProperties) : undefined;
  const own: CelRule[] = schema['x-kubernetes-validations'] ?? [];
  if (own.length + properties.length === 0 && !items && !values) return undefined;
  const self = schemaType(schema, isRoot || schema['x-kubernetes-embedded-resource'] === true);
  if (!self) return undefined;
  const rules = own.map((rule) => lazily(() => compileRule(rule, schema, self, environment)));
  return { schema, self, rules, properties, items, values, equality: self.kind === 'list' ? self.equality : { type: 'atomic' } };
};
