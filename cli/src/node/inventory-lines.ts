import { isObject, type Json } from '@river/crds';
import { printable } from '../output/columns.ts';

const mostLines = 32;
const mostCharacters = 200;
const gibi = 1024 ** 3;

/** What a machine claims to be, for a person who decides about it. */
export function inventoryLines(annotation: string | undefined): string[] {
  if (annotation === undefined) return ['  (it says nothing of itself)'];
  const inventory = parse(annotation);
  if (!isObject(inventory)) return ['  (what it says of itself cannot be read)'];
  return Object.entries(inventory)
    .slice(0, mostLines)
    .map(([name, value]) => printable(`  ${line(name, value)}`.slice(0, mostCharacters)));
}

function line(name: string, value: Json | undefined): string {
  if (name === 'memoryBytes' && typeof value === 'number') return `memory: ${(value / gibi).toFixed(1)} GiB`;
  return `${name}: ${Array.isArray(value) ? value.map(plain).join(', ') || 'none' : plain(value)}`;
}

const plain = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
