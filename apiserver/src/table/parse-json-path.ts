export type Step =
  | { is: 'key'; key: string }
  | { is: 'index'; index: number }
  | { is: 'slice'; from: number | undefined; to: number | undefined }
  | { is: 'all' }
  | { is: 'filter'; filter: Filter };

/** Without an operator the filter asks whether anything is there. */
export interface Filter {
  left: readonly Step[];
  operator?: '==' | '!=' | '<' | '<=' | '>' | '>=';
  right?: string | number | boolean | null | { path: readonly Step[] };
}

/** Sticky, so that each is tried exactly where the reader stands and a path is read in one pass. */
const token = {
  key: /\.((?:[^.[\]\\\s*?()@=!<>]|\\.)+)/y,
  anyKey: /\.\*|\[\*\]/y,
  quoted: /\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]/y,
  index: /\[\s*(-?\d{1,9})\s*\]/y,
  slice: /\[\s*(-?\d{1,9})?\s*:\s*(-?\d{1,9})?\s*\]/y,
  filterOpen: /\[\s*\?\s*\(\s*@/y,
  filterClose: /\s*\)\s*\]/y,
  operator: /\s*(==|!=|<=|>=|<|>)\s*/y,
  path: /@/y,
  literal: /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d{1,15}(?:\.\d{1,15})?)|(true|false|null)/y,
};

const unescaped = (text: string) => text.replaceAll(/\\(.)/g, '$1');
const maxLength = 1024;

class Reader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get isDone(): boolean {
    return this.at === this.text.length;
  }

  take(kind: keyof typeof token): RegExpExecArray | undefined {
    const pattern = token[kind];
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text) ?? undefined;
    if (match) this.at = pattern.lastIndex;
    return match;
  }
}

/** The steps of a path, or undefined where it is not one. A leading `$` and a lone `.` mean the object itself. */
export function parseJsonPath(path: string): Step[] | undefined {
  if (path.length > maxLength) return undefined;
  const text = path.startsWith('$') ? path.slice(1) : path;
  if (text === '.' || (text === '' && path === '$')) return [];
  const reader = new Reader(text);
  const steps = readSteps(reader, true);
  return steps && steps.length > 0 && reader.isDone ? steps : undefined;
}

/** As many steps as there are; undefined where a filter was begun that is none. */
function readSteps(reader: Reader, mayFilter: boolean): Step[] | undefined {
  const steps: Step[] = [];
  for (;;) {
    const step = readPlainStep(reader);
    if (step) {
      steps.push(step);
    } else if (mayFilter && reader.take('filterOpen')) {
      const filter = readFilter(reader);
      if (!filter) return undefined;
      steps.push({ is: 'filter', filter });
    } else {
      return steps;
    }
  }
}

function readPlainStep(reader: Reader): Step | undefined {
  if (reader.take('anyKey')) return { is: 'all' };
  const key = reader.take('key');
  if (key) return { is: 'key', key: unescaped(key[1] ?? '') };
  const quoted = reader.take('quoted');
  if (quoted) return { is: 'key', key: unescaped(quoted[1] ?? quoted[2] ?? '') };
  const index = reader.take('index');
  if (index) return { is: 'index', index: Number(index[1]) };
  const slice = reader.take('slice');
  return slice && { is: 'slice', from: bound(slice[1]), to: bound(slice[2]) };
}

const bound = (text: string | undefined) => (text === undefined ? undefined : Number(text));

function readFilter(reader: Reader): Filter | undefined {
  const left = readSteps(reader, false);
  if (!left) return undefined;
  const operator = reader.take('operator')?.[1] as Filter['operator']; // the pattern lists exactly these
  const right = operator && readOperand(reader);
  if ((operator && right === undefined) || !reader.take('filterClose')) return undefined;
  return operator && right !== undefined ? { left, operator, right } : { left };
}

function readOperand(reader: Reader): Filter['right'] | undefined {
  if (reader.take('path')) {
    const path = readSteps(reader, false);
    return path && { path };
  }
  const literal = reader.take('literal');
  if (!literal) return undefined;
  const [, single, double, number, word] = literal;
  if (number !== undefined) return Number(number);
  if (word !== undefined) return word === 'null' ? null : word === 'true';
  return unescaped(single ?? double ?? '');
}
