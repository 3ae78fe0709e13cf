import { SelectorError } from './requirement.ts';

/** One term of a field selector: `status.phase!=Failed`. */
export interface FieldTerm {
  field: string;
  operator: '=' | '!=';
  value: string;
}

/**
 * Reads `metadata.name=x,status.phase!=Failed` as Kubernetes does: all terms must hold, the empty text has none.
 * In a value `\,`, `\=` and `\\` stand for themselves.
 * @throws SelectorError
 */
export const parseFieldSelector = (text: string): FieldTerm[] =>
  (text.match(/(?:\\[\s\S]?|[^,\\])+/g) ?? []).map((term) => parseTerm(term, text));

function parseTerm(term: string, selector: string): FieldTerm {
  const [, field, operator, value] = /^((?:\\[\s\S]|[^=!\\]|!(?!=))*)(!=|==|=)([\s\S]*)$/.exec(term) ?? [];
  if (field === undefined || operator === undefined || value === undefined) {
    throw new SelectorError(`invalid selector: '${selector}'; can't understand '${term}'`);
  }
  return { field, operator: operator === '!=' ? '!=' : '=', value: unescaped(value) };
}

function unescaped(value: string): string {
  if (/(?:^|[^\\])(?:\\\\)*=/.test(value)) throw new SelectorError('invalid field selector: unescaped character in value: =');
  const bad = value.match(/\\[\s\S]?/g)?.find((sequence) => !/^\\[\\,=]$/.test(sequence));
  if (bad !== undefined) throw new SelectorError(`invalid field selector: invalid escape sequence: ${bad}`);
  return value.replace(/\\([\\,=])/g, '$1');
}

/** Whether an object is selected; `textOf` gives the text of a field, empty when it is not there. */
export const matchesFields = (terms: readonly FieldTerm[], textOf: (field: string) => string): boolean =>
  terms.every(({ field, operator, value }) => (textOf(field) === value) === (operator === '='));
