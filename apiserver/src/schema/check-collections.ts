import type { Cause, StructuralSchema } from '@river/crds';
import { forbidden, invalidValue, notSupported, required } from './field-causes.ts';

const isScalar = (schema: StructuralSchema): boolean => schema.type !== 'object' && schema.type !== 'array';

const checkSet = (items: StructuralSchema | undefined, field: string): Cause[] => {
  if (!items) return [];
  const causes: Cause[] = [];
  if (items.nullable) causes.push(forbidden(`${field}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is set'));
  const says = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    causes.push(invalidValue(`${field}.items.x-kubernetes-map-type`, items['x-kubernetes-map-type'] ?? null, says));
  }
  const itemList = items['x-kubernetes-list-type'];
  if (items.type === 'array' && itemList !== undefined && itemList !== 'atomic') {
    causes.push(invalidValue(`${field}.items.x-kubernetes-list-type`, itemList, says));
  }
  return causes;
};

const checkKey = (key: string, items: StructuralSchema, field: string, keysField: string): Cause[] => {
  const property = items.properties && Object.hasOwn(items.properties, key) ? items.properties[key] : undefined;
  if (!property) return [invalidValue(keysField, key, 'entries must all be names of item properties')];
  const at = `${field}.items.properties[${key}]`;
  const causes: Cause[] = [];
  if (!isScalar(property)) {
    causes.push(invalidValue(`${at}.type`, property.type ?? '', "must be a scalar type if parent array's x-kubernetes-list-type is map"));
  }
  if (property.default === undefined && !items.required?.includes(key)) {
    causes.push(
      required(`${at}.default`, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'),
    );
  }
  if (property.nullable)
    causes.push(forbidden(`${at}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
  return causes;
};

const checkMapList = (schema: StructuralSchema, field: string): Cause[] => {
  const keysField = `${field}.x-kubernetes-list-map-keys`;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (keys.length === 0) return [required(keysField, 'must not be empty if x-kubernetes-list-type is map')];
  const { items } = schema;
  if (!items) return [];
  const causes = keys.flatMap((key, at) => checkKey(key, items, field, `${keysField}[${at}]`));
  if (items.type !== 'object') {
    causes.push(invalidValue(`${field}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"));
  }
  if (items.nullable) causes.push(forbidden(`${field}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is map'));
  if (new Set(keys).size < keys.length) causes.push(invalidValue(keysField, keys, 'must not contain duplicate entries'));
  return causes;
};

const checkListType = (schema: StructuralSchema, field: string): Cause[] => {
  const listType = schema['x-kubernetes-list-type'];
  const at = `${field}.x-kubernetes-list-type`;
  const causes: Cause[] = [];
  if ((schema['x-kubernetes-list-map-keys'] ?? []).length > 0 && listType !== 'map') {
    causes.push(required(at, 'must be map if x-kubernetes-list-map-keys is non-empty'));
  }
  if (listType === undefined) return causes;
  if (schema.type !== 'array')
    causes.push(invalidValue(`${field}.type`, schema.type ?? '', 'must be array if x-kubernetes-list-type is set'));
  switch (listType) {
    case 'atomic':
      return causes;
    case 'set':
      return [...causes, ...checkSet(schema.items, field)];
    case 'map':
      return [...causes, ...checkMapList(schema, field)];
    default:
      return [...causes, notSupported(at, listType, ['atomic', 'set', 'map'])];
  }
};

/** How a list or map is merged must fit what it holds. */
export const checkCollections = (schema: StructuralSchema, field: string): Cause[] => {
  const causes = checkListType(schema, field);
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return causes;
  if (schema.type !== 'object')
    causes.push(invalidValue(`${field}.type`, schema.type ?? '', 'must be object if x-kubernetes-map-type is specified'));
  if (mapType !== 'atomic' && mapType !== 'granular')
    causes.push(notSupported(`${field}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
  return causes;
};
