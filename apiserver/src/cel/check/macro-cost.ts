import type { MacroName } from '../syntax/ast.ts';

/** What one round of a macro costs beside its steps: what cel-go's expansion of the macro (accumulator, condition, append) adds up to. */
export const macroCost: Record<MacroName, number> = {
  all: 3,
  exists: 4,
  existsOne: 2,
  map: 12,
  filter: 13,
  transformList: 12,
  transformMap: 32,
  transformMapEntry: 32,
};
