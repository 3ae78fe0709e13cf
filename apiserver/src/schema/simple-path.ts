/** A path such as `.spec.replicas` or `.metadata.labels['a/b']`, in its steps; undefined when it is none. */
export const simplePath = (text: string): string[] | undefined => {
  const step = /\.([A-Za-z_$][A-Za-z0-9_$-]*)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;
  const steps: string[] = [];
  while (step.lastIndex < text.length) {
    const found = step.exec(text);
    if (!found) return undefined;
    steps.push(found[1] ?? (found[2] ?? found[3] ?? '').replace(/\\(.)/g, '$1'));
  }
  return steps.length === 0 ? undefined : steps;
};

/**
 * Whether a text is a JSONPath as printer columns use it: fields, `*`, indexes, slices, filters, recursion, quoted names.
 * Says what is wrong, undefined when nothing is.
 */
export const jsonPathFault = (text: string): string | undefined => {
  if (text === '') return 'must not be empty';
  let open = 0;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (quote !== '') {
      if (character === '\\') at++;
      else if (character === quote) quote = '';
    } else if (character === "'" || character === '"') quote = character;
    else if (character === '[' || character === '(') open++;
    else if (character === ']' || character === ')') open--;
    else if (character === '{' || character === '}') return `unexpected ${character} in a path`;
    if (open < 0) return 'unbalanced brackets';
  }
  if (quote !== '') return 'unterminated string';
  if (open !== 0) return 'unterminated array';
  return /^[.[$]/.test(text) ? undefined : 'must begin with a dot';
};
