import { ApiError, isObject, type Json, type JsonObject } from '@river/crds';
import { own } from '../json/plain-json.ts';
import { itemKey, type ListShape, type MapShape, type Shape } from './shape.ts';

/** Only a configuration whose every field and item can be told apart can be owned. @throws ApiError `BadRequest` that names each fault */
export function checkConfig(shape: Shape, config: JsonObject): void {
  const faults: string[] = [];
  check(shape, config, '', faults);
  if (faults.length === 0) return;
  const list = faults.length === 1 ? faults[0] : ['errors:', ...faults.map((fault) => `  ${fault}`)].join('\n');
  throw new ApiError('BadRequest', `failed to create typed patch object (${identity(config)}): ${list}`);
}

function identity({ apiVersion, kind, metadata }: JsonObject): string {
  const { namespace = '', name = '' }: JsonObject = isObject(metadata) ? metadata : {};
  return `${namespace}/${name}; ${String(apiVersion).includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`;
}

function check(shape: Shape, value: Json, path: string, faults: string[]): void {
  if (shape.map && isObject(value)) checkFields(shape.map, value, path, faults);
  else if (shape.list && Array.isArray(value)) checkItems(shape.list, value, path, faults);
}

function checkFields(map: MapShape, value: JsonObject, path: string, faults: string[]): void {
  for (const [name, child] of Object.entries(value)) {
    const field = map.fields.get(name);
    if (!field && !map.isOpen) faults.push(`${path}.${name}: field not declared in schema`);
    else check(field ? field.shape : map.rest, child, `${path}.${name}`, faults);
  }
}

function checkItems(list: ListShape, items: Json[], path: string, faults: string[]): void {
  const seen = new Set<string>();
  items.forEach((item, index) => {
    const key = itemKey(list, item);
    if (key === undefined) faults.push(`${path}: element ${index}: ${keyFault(list, item)}`);
    else if (seen.has(key)) faults.push(`${path}: duplicate entries for key ${shown(key)}`);
    else {
      seen.add(key);
      check(list.item, item, `${path}${shown(key)}`, faults);
    }
  });
}

function keyFault(list: ListShape, item: Json): string {
  if (!list.keys) return `associative list without keys has an element that's ${kindOf(item)}`;
  if (item === null) return 'associative list with keys may not have a null element';
  if (!isObject(item)) return 'associative list with keys may not have non-map elements';
  const missing = list.keys.find((key) => own(item, key.name) === undefined && key.default === undefined);
  return `associative list with keys has an element that omits key field "${missing?.name}" (and doesn't have default value)`;
}

const kindOf = (item: Json): string => (item === null ? 'an explicit null' : Array.isArray(item) ? 'a list type' : 'a map type');

function shown(key: string): string {
  if (key.startsWith('v:')) return `[=${key.slice(2)}]`;
  const keys: JsonObject = JSON.parse(key.slice(2));
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}]`;
}
