import type { StructuralSchema } from '@river/crds';

const step = /\.([A-Za-z_][\w-]*)|\['((?:[^'\\]|\\.)+)'\]/y;

/**
 * Where a rule's `fieldPath` points, in the form of an error's field, such as `.spec.names[x]`.
 * Undefined when it is not a path, or the schema has no such field.
 */
export const resolveFieldPath = (fieldPath: string, schema: StructuralSchema): string | undefined => {
  let at = 0;
  let current: StructuralSchema = schema;
  let resolved = '';
  while (at < fieldPath.length) {
    step.lastIndex = at;
    const match = step.exec(fieldPath);
    if (!match) return undefined;
    at = step.lastIndex;
    const name = match[1] ?? (match[2] ?? '').replace(/\\(.)/g, '$1');
    const property = current.properties && Object.hasOwn(current.properties, name) ? current.properties[name] : undefined;
    const next = property ?? (typeof current.additionalProperties === 'object' ? current.additionalProperties : undefined);
    if (!next) return undefined;
    resolved += property ? `.${name}` : `[${name}]`;
    current = next;
  }
  return resolved === '' ? undefined : resolved;
};

/** Joins an error's path and what follows it; the root is written as Kubernetes writes an empty path. */
export const fieldAt = (path: string, rest = ''): string => `${path}${rest}`.replace(/^\./, '') || '<nil>';
