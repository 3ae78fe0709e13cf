import { isObject, type Json } from '@river/crds';

/** `startTime` as `Start Time`. */
const title = (key: string): string =>
  key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/^./, (letter) => letter.toUpperCase());

const isEmpty = (value: Json): boolean =>
  value === null || (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0);

const scalar = (value: Json): string => (value === null || isEmpty(value) ? '<none>' : String(value));

const textLines = (key: string, text: string, indent: string): string[] => {
  if (!text.includes('\n')) return [`${indent}${key}:  ${text}`];
  return [
    `${indent}${key}:`,
    ...text
      .trimEnd()
      .split('\n')
      .map((line) => `${indent}  ${line}`),
  ];
};

const listLines = (items: Json[], indent: string): string[] =>
  items.flatMap((item) => {
    if (!isObject(item)) return Array.isArray(item) ? [`${indent}- ${JSON.stringify(item)}`] : [`${indent}${scalar(item)}`];
    const [first = '', ...rest] = fieldLines(item, `${indent}  `);
    return [`${indent}- ${first.trimStart()}`, ...rest];
  });

/** An object's fields as indented lines for a person. Keys of free maps (labels) are shown as they are. */
export const fieldLines = (fields: Record<string, Json>, indent = '', asWritten = false): string[] =>
  Object.entries(fields).flatMap(([name, value]) => {
    const key = asWritten ? name : title(name);
    if (isEmpty(value) || !(isObject(value) || Array.isArray(value))) return textLines(key, scalar(value), indent);
    const isFree = /^(labels|annotations|matchLabels|nodeSelector|env|data)$/.test(name);
    const inside = `${indent}  `;
    return [`${indent}${key}:`, ...(Array.isArray(value) ? listLines(value, inside) : fieldLines(value, inside, isFree))];
  });
