import { type Cause, isObject, type JsonObject, type KubeObject } from '@river/crds';
import { unreadableType } from '../encryption/unreadable-secret.ts';
import { equalJson } from '../json/plain-json.ts';

const keyPattern = /^[-._a-zA-Z0-9]{1,253}$/;

const immutable = (field: string): Cause => ({
  reason: 'FieldValueForbidden',
  message: 'Forbidden: field is immutable when `immutable` is set',
  field,
});

const badKey = (field: string, key: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(key)}: a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name', regex used for validation is '[-._a-zA-Z0-9]+')`,
  field: `${field}[${key}]`,
});

const mapAt = (object: KubeObject, field: string): JsonObject => {
  const value = object[field];
  return isObject(value) ? value : {};
};

const keyCauses = (object: KubeObject, field: string): Cause[] =>
  Object.keys(mapAt(object, field)).flatMap((key) => (keyPattern.test(key) && key !== '.' && key !== '..' ? [] : [badKey(field, key)]));

const mostBytes = 1024 * 1024;

/** What the values take together; those of `binary` fields count as what their base64 stands for. */
function sizeCauses(object: KubeObject, fields: { text?: string; binary: string }, named: string): Cause[] {
  const values = (field: string) => Object.values(mapAt(object, field)).map(String);
  const text = fields.text === undefined ? [] : values(fields.text).map((value) => Buffer.byteLength(value));
  const binary = values(fields.binary).map((value) => Buffer.byteLength(value, 'base64'));
  const bytes = [...text, ...binary].reduce((sum, size) => sum + size, 0);
  if (bytes <= mostBytes) return [];
  return [{ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${mostBytes} bytes`, field: named }];
}

/** What was declared immutable stays as it is, and immutable. */
function immutableCauses(object: KubeObject, old: KubeObject | undefined, fields: readonly string[]): Cause[] {
  if (old?.immutable !== true) return [];
  const changed = fields.filter((field) => !equalJson(mapAt(old, field), mapAt(object, field)));
  return [...(object.immutable === true ? [] : [immutable('immutable')]), ...changed.map(immutable)];
}

/** `stringData` is only for writing: it becomes `data`. Where one of them is not what it must be, both stay for the validation to refuse. */
export function completeSecret(object: KubeObject): void {
  const { data = {}, stringData = {} } = object;
  if (!isObject(data) || !isObject(stringData) || !Object.values(stringData).every((value) => typeof value === 'string')) return;
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  if (encoded.length > 0) object.data = { ...data, ...Object.fromEntries(encoded) };
  delete object.stringData;
}

export function checkSecret(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const isTypeChanged = old !== undefined && old.type !== object.type && old.type !== unreadableType;
  const typeCause: Cause = {
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${JSON.stringify(object.type)}: field is immutable`,
    field: 'type',
  };
  const tooLong = sizeCauses(object, { binary: 'data' }, 'data');
  return [...keyCauses(object, 'data'), ...tooLong, ...(isTypeChanged ? [typeCause] : []), ...immutableCauses(object, old, ['data'])];
}

export function checkConfigMap(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const both = Object.keys(mapAt(object, 'data')).filter((key) => Object.hasOwn(mapAt(object, 'binaryData'), key));
  return [
    ...keyCauses(object, 'data'),
    ...keyCauses(object, 'binaryData'),
    ...sizeCauses(object, { text: 'data', binary: 'binaryData' }, ''),
    ...both.map(
      (key): Cause => ({
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(key)}: duplicate of key present in data`,
        field: `binaryData[${key}]`,
      }),
    ),
    ...immutableCauses(object, old, ['data', 'binaryData']),
  ];
}
