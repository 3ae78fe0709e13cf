import { isObject, type Json, type KubeObject } from '@river/crds';

export interface ColumnDefinition {
  name: string;
  type: string;
  format: string;
  description: string;
  /** 0 is always shown, more only where there is room (`-o wide`). */
  priority: number;
}

export interface Column {
  definition: ColumnDefinition;
  cell: (object: KubeObject, nowMs: number) => Json;
}

/** A column; what is not said of it is as usual: a string without a format that is always shown. */
export const column = (
  name: string,
  description: string,
  cell: Column['cell'],
  unusual: Partial<Pick<ColumnDefinition, 'type' | 'format' | 'priority'>> = {},
): Column => ({ definition: { name, type: 'string', format: '', description, priority: 0, ...unusual }, cell });

/** `format: name` is how clients find the column that names the object. */
export const nameColumn = (priority = 0): Column =>
  column('Name', 'The name, unique among objects of the kind in a namespace.', ({ metadata }) => metadata.name ?? '', {
    format: 'name',
    priority,
  });

/** A KubeObject is Json whose metadata has a narrower type. */
export const asJson = (object: KubeObject): Json => object as unknown as Json;

/** What lies at the keys, or undefined where the way ends early. */
export function valueAt(object: KubeObject, ...keys: readonly string[]): Json | undefined {
  let at: Json | undefined = asJson(object);
  for (const key of keys) at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return at;
}

/** The string, or the empty one where it is none: an object of a built-in kind may have been stored before its schema was. */
export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
