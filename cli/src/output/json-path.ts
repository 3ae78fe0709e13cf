import { isObject, type Json } from '@river/crds';
import { UsageError } from '../command/usage-error.ts';

type Step = (values: Json[]) => Json[];

const children = (value: Json): Json[] => {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
};
const field =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isObject(value) && name in value ? [value[name] as Json] : []));
const everything: Step = (values) => values.flatMap(children);
const descend: Step = (values) => values.flatMap((value): Json[] => [value, ...descend(children(value))]);

const slice = (text: string): Step => {
  const [from, to, by] = text.split(':').map((part) => (part.trim() === '' ? undefined : Number(part)));
  return (values) => values.flatMap((value) => (Array.isArray(value) ? value.slice(from, to).filter((_, at) => at % (by ?? 1) === 0) : []));
};

const index =
  (at: number): Step =>
  (values) =>
    values.flatMap((value) => {
      const item = Array.isArray(value) ? value.at(at) : undefined;
      return item === undefined ? [] : [item];
    });

const compare: Record<string, (a: Json, b: Json) => boolean> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a !== null && b !== null && a < b,
  '<=': (a, b) => a !== null && b !== null && a <= b,
  '>': (a, b) => a !== null && b !== null && a > b,
  '>=': (a, b) => a !== null && b !== null && a >= b,
};

const literal = (text: string): Json => {
  const quoted = /^(['"])([\s\S]*)\1$/.exec(text);
  if (quoted) return quoted[2] ?? '';
  if (text === 'true' || text === 'false') return text === 'true';
  if (text !== '' && Number.isFinite(Number(text))) return Number(text);
  throw new UsageError(`jsonpath: ${text} is neither a number nor a quoted text`);
};

/** `[?(@.type=="Ready")]`: the items for which this holds; without a comparison, those that have the field. */
const filter = (text: string): Step => {
  const [, path = '', operator, right] = /^@([^=!<>]*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.*))?$/.exec(text.trim()) ?? [];
  const steps = parseSteps(path.trim());
  const expected = operator === undefined ? undefined : literal((right ?? '').trim());
  const holds = (item: Json) => {
    const found = follow([item], steps);
    if (operator === undefined || expected === undefined) return found.length > 0;
    return found.some((value) => compare[operator]?.(value, expected));
  };
  return (values) => values.flatMap(children).filter(holds);
};

const bracket = (text: string): Step => {
  const inside = text.trim();
  if (inside === '*') return everything;
  if (inside.startsWith('?(')) return filter(inside.slice(2, -1));
  const quoted = /^(['"])(.*)\1$/.exec(inside);
  if (quoted) return field(quoted[2] ?? '');
  if (inside.includes(':')) return slice(inside);
  if (/^-?\d+$/.test(inside)) return index(Number(inside));
  throw new UsageError(`jsonpath: [${text}] is not understood`);
};

const parseSteps = (path: string): Step[] => {
  const steps: Step[] = [];
  const token = /\.\.|\.?\[((?:\?\((?:[^'")]|'[^']*'|"[^"]*")*\)|'[^']*'|"[^"]*"|[^\]'"])*)\]|\.?\*|\.?((?:\\.|[^.[\]{}*\s])+)|\./y;
  while (token.lastIndex < path.length) {
    const at = token.lastIndex;
    const match = token.exec(path);
    if (!match) throw new UsageError(`jsonpath: "${path.slice(at)}" is not understood`);
    const [all, inside, name] = match;
    if (all === '..') steps.push(descend);
    else if (inside !== undefined || all.endsWith(']')) steps.push(bracket(all.slice(all.indexOf('[') + 1, -1)));
    else if (all.endsWith('*')) steps.push(everything);
    else if (name !== undefined && name !== '$' && name !== '@') steps.push(field(name.replace(/\\(.)/g, '$1')));
  }
  return steps;
};

const follow = (values: Json[], steps: readonly Step[]): Json[] => steps.reduce((seen, step) => step(seen), values);

/** The values at a path such as `.status.phase` or `{.items[*].metadata.name}`. */
export const valuesAt = (path: string, object: Json): Json[] => {
  const steps = parseSteps(
    path
      .trim()
      .replace(/^\{([\s\S]*)\}$/, '$1')
      .replace(/^\$/, ''),
  );
  return follow([object], steps);
};

const show = (value: Json): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

type Part = { text: string } | { range: Step[]; parts: Part[] } | { steps: Step[] };

const plain = (text: string): string => text.replace(/\\([nt"'\\])/g, (_, letter) => ({ n: '\n', t: '\t' })[letter as 'n' | 't'] ?? letter);

const parseTemplate = (pieces: string[]): Part[] => {
  const parts: Part[] = [];
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    const body = /^\{([\s\S]*)\}$/.exec(piece)?.[1]?.trim();
    if (body === undefined) parts.push({ text: plain(piece) });
    else if (body === 'end') return parts;
    else if (body.startsWith('range '))
      parts.push({ range: parseSteps(body.slice(6).trim().replace(/^\$/, '')), parts: parseTemplate(pieces) });
    else if (/^(['"])[\s\S]*\1$/.test(body)) parts.push({ text: plain(body.slice(1, -1)) });
    else parts.push({ steps: parseSteps(body.replace(/^\$/, '')) });
  }
  return parts;
};

const render = (parts: readonly Part[], object: Json): string =>
  parts
    .map((part) => {
      if ('text' in part) return part.text;
      if ('range' in part)
        return follow([object], part.range)
          .map((item) => render(part.parts, item))
          .join('');
      return follow([object], part.steps).map(show).join(' ');
    })
    .join('');

/** kubectl's template: text with `{paths}`, `{range …}…{end}` and quoted text in braces. A bare path may leave its braces out. */
export const renderTemplate = (template: string, object: Json): string => {
  const whole = template.includes('{') ? template : `{${template}}`;
  return render(parseTemplate(whole.match(/\{(?:[^{}"']|"[^"]*"|'[^']*')*\}|[^{]+|\{/g) ?? []), object);
};
