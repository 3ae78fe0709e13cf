/** Where something is inside an object: names of fields and keys, and numbers of list items. */
export type FieldPath = readonly (string | number)[];

/** Paths are for people and repeat what a client sent: the longest that an answer names whole. */
const longestPath = 1024;

/** A path as Kubernetes writes it: `spec.list[0].name`. */
export const fieldPath = (path: FieldPath): string => {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text.length > longestPath ? `${text.slice(0, longestPath)}…` : text;
};
