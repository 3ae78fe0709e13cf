import type { Overload } from '../library/overload.ts';
import { type CelType, dyn, isCompatible, join, listOf, mapOf, maxSize, optionalOf } from './type.ts';

type Bindings = Map<string, CelType>;

const bindParameters = (param: CelType, arg: CelType, bindings: Bindings): void => {
  if (param.kind === 'parameter') {
    const known = bindings.get(param.name);
    bindings.set(param.name, known ? join(known, arg) : arg);
  } else if (param.kind === 'list' && arg.kind === 'list') bindParameters(param.item, arg.item, bindings);
  else if (param.kind === 'optional' && arg.kind === 'optional') bindParameters(param.of, arg.of, bindings);
  else if (param.kind === 'map' && arg.kind === 'map') {
    bindParameters(param.key, arg.key, bindings);
    bindParameters(param.value, arg.value, bindings);
  }
};

/** A result has no more than `max` characters or elements, and so has each of its elements. */
const substitute = (type: CelType, bindings: Bindings, max: number): CelType => {
  switch (type.kind) {
    case 'parameter':
      return bindings.get(type.name) ?? dyn;
    case 'string':
    case 'bytes':
      return { kind: type.kind, max };
    case 'list':
      return listOf(substitute(type.item, bindings, max), max);
    case 'map':
      return mapOf(substitute(type.key, bindings, max), substitute(type.value, bindings, max), max);
    case 'optional':
      return optionalOf(substitute(type.of, bindings, max));
    default:
      return type;
  }
};

const fits = (overload: Overload, args: readonly CelType[]): boolean => {
  const bindings: Bindings = new Map();
  return overload.params.every((param, index) => {
    const arg = args[index] ?? dyn;
    if (!isCompatible(param, arg) || (arg.kind === 'null_type' && param.kind !== 'dyn' && param.kind !== 'parameter')) return false;
    const known = param.kind === 'parameter' ? bindings.get(param.name) : undefined;
    bindParameters(param, arg, bindings);
    return known === undefined || isCompatible(known, arg);
  });
};

/** The overloads whose declared types fit, with the type of the result and the cost of the call itself; undefined when none fits. */
export const matchOverloads = (overloads: readonly Overload[], args: readonly CelType[]): { type: CelType; cost: number } | undefined => {
  const matching = overloads.filter((overload) => fits(overload, args));
  if (matching.length === 0) return undefined;
  const sizes = args.map(maxSize);
  const types = matching.map((overload) => {
    const bindings: Bindings = new Map();
    overload.params.forEach((param, index) => {
      bindParameters(param, args[index] ?? dyn, bindings);
    });
    return substitute(overload.result, bindings, Math.ceil(overload.resultMax(sizes)));
  });
  return { type: types.reduce(join), cost: Math.max(...matching.map((overload) => overload.price(sizes))) };
};
