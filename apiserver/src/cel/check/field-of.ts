import { escapeField } from './escape-field.ts';
import type { CelType, ObjectField } from './type.ts';

/** A declared field by the name an expression uses: the escaped one, or the plain one in backquotes. */
export const fieldOf = (type: Extract<CelType, { kind: 'object' }>, name: string): ObjectField | undefined => {
  const declared = type.fields.get(name);
  if (declared) return declared;
  const escaped = escapeField(name);
  return escaped === undefined ? undefined : type.fields.get(escaped);
};
