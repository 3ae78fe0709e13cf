import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject } from '@river/crds';
import fc from 'fast-check';
import { openApiV2Protobuf } from './open-api-v2-protobuf.ts';

type Value = Buffer | number | bigint;
/** How a field is read back: the key it becomes, and the value. */
type Read = readonly [key: string, value: (value: Value) => Json, repeats?: 'repeats'];
type Reads = Readonly<Record<number, Read>>;

function* fieldsOf(bytes: Buffer): Generator<[number: number, value: Value]> {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? assert.fail('the bytes end within a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const start = at;
    if (tag % 8 === 0) yield [tag >> 3, varint()];
    else if (tag % 8 === 1) {
      at += 8;
      yield [tag >> 3, bytes.readDoubleLE(start)];
    } else {
      assert.equal(tag % 8, 2);
      const length = Number(varint());
      at += length;
      assert.ok(at <= bytes.length, 'a message ends behind what it is in');
      yield [tag >> 3, bytes.subarray(at - length, at)];
    }
  }
}

const text = (value: Value): string => (Buffer.isBuffer(value) ? value.toString('utf8') : assert.fail('not text'));
const flag = (value: Value): boolean => value === 1n;
const integer = (value: Value): number => Number(BigInt.asIntN(64, BigInt(value as bigint)));
const double = (value: Value): number => (typeof value === 'number' ? value : assert.fail('not a fraction'));
/** Also a name such as __proto__. */
const setOwn = (object: JsonObject, name: string, value: Json) =>
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
const record =
  (reads: () => Reads) =>
  (value: Value): JsonObject => {
    const found: JsonObject = {};
    for (const [number, one] of fieldsOf(value as Buffer)) {
      const [key, read, repeats] = reads()[number] ?? assert.fail(`no field ${number}`);
      if (key === '...') for (const [name, of] of Object.entries(read(one) as JsonObject)) setOwn(found, name, of);
      else found[key] = repeats ? [...((found[key] ?? []) as Json[]), read(one)] : read(one);
    }
    return found;
  };
/** The fields of a message that stands for one value, or for a list of them. */
const only = (read: (value: Value) => Json) => (value: Value) => {
  const all = [...fieldsOf(value as Buffer)].map(([, one]) => read(one));
  return all.length === 1 ? (all[0] ?? null) : all;
};
const named = (read: (value: Value) => Json) => (value: Value) => {
  const { name, value: one } = record(() => ({ 1: ['name', text], 2: ['value', read] }))(value);
  return { [String(name)]: one ?? null };
};
const map = (read: (value: Value) => Json) => record(() => ({ 1: ['...', named(read)] }));
const any = (value: Value): Json => JSON.parse(String(record(() => ({ 2: ['yaml', text] }))(value).yaml));

const schema: (value: Value) => JsonObject = record(() => ({
  1: ['$ref', text],
  2: ['format', text],
  3: ['title', text],
  4: ['description', text],
  5: ['default', any],
  6: ['multipleOf', double],
  7: ['maximum', double],
  8: ['exclusiveMaximum', flag],
  9: ['minimum', double],
  10: ['exclusiveMinimum', flag],
  11: ['maxLength', integer],
  12: ['minLength', integer],
  13: ['pattern', text],
  14: ['maxItems', integer],
  15: ['minItems', integer],
  16: ['uniqueItems', flag],
  17: ['maxProperties', integer],
  18: ['minProperties', integer],
  19: ['required', text, 'repeats'],
  20: ['enum', any, 'repeats'],
  21: ['additionalProperties', only((value) => (Buffer.isBuffer(value) ? schema(value) : flag(value)))],
  22: ['type', only(text)],
  23: ['items', only((value) => schema(value))],
  25: ['properties', map((value) => schema(value))],
  29: ['externalDocs', record(() => ({ 1: ['description', text], 2: ['url', text] }))],
  30: ['example', any],
  31: ['...', named(any)],
}));
const parameter = record(() => ({
  1: ['required', flag],
  2: ['in', text],
  3: ['description', text],
  4: ['name', text],
  5: ['type', text],
  6: ['type', text],
  19: ['uniqueItems', flag],
  20: ['uniqueItems', flag],
}));
const body = record(() => ({ 1: ['description', text], 2: ['name', text], 3: ['in', text], 4: ['required', flag], 5: ['schema', schema] }));
const anyParameter = only(
  record(() => ({ 1: ['...', body], 2: ['...', record(() => ({ 3: ['...', parameter], 4: ['...', parameter] }))] })),
);
const response = record(() => ({ 1: ['description', text], 2: ['schema', only(schema)] }));
const operation = record(() => ({
  1: ['tags', text, 'repeats'],
  3: ['description', text],
  5: ['operationId', text],
  6: ['produces', text, 'repeats'],
  7: ['consumes', text, 'repeats'],
  8: ['parameters', anyParameter, 'repeats'],
  9: ['responses', map(only(response))],
  10: ['schemes', text, 'repeats'],
  11: ['deprecated', flag],
  13: ['...', named(any)],
}));
const path = record(() => ({
  2: ['get', operation],
  4: ['post', operation],
  8: ['patch', operation],
  9: ['parameters', anyParameter, 'repeats'],
}));
const document = record(() => ({
  1: ['swagger', text],
  2: ['info', record(() => ({ 1: ['title', text], 2: ['version', text], 3: ['description', text] }))],
  8: ['paths', record(() => ({ 2: ['...', named(path)] }))],
  9: ['definitions', map(schema)],
  12: ['security', map((value) => [...fieldsOf(value as Buffer)].map(([, one]) => text(one))), 'repeats'],
  13: [
    'securityDefinitions',
    map(only(record(() => ({ 1: ['type', text], 2: ['name', text], 3: ['in', text], 4: ['description', text] })))),
  ],
}));

const readBack = async (given: JsonObject): Promise<JsonObject> => document(await openApiV2Protobuf(given));
const kinds = [{ group: 'a.b', kind: 'K', version: 'v1' }];
const get: JsonObject = {
  tags: ['ab_v1'],
  description: 'Read K',
  operationId: 'readK',
  produces: ['application/json', ''],
  consumes: ['*/*'],
  parameters: [{ name: 'dryRun', in: 'query', type: 'string', description: 'd', uniqueItems: true }],
  responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/K' } }, 401: { description: 'Unauthorized' } },
  schemes: ['https'],
  deprecated: true,
  'x-kubernetes-action': 'get',
  'x-kubernetes-group-version-kind': kinds[0] ?? null,
};
const whole: JsonObject = {
  swagger: '2.0',
  info: { title: 'Kubernetes', version: 'unversioned' },
  paths: {
    '/apis/a.b/v1/ks/{name}': {
      get,
      patch: {
        parameters: [{ name: 'body', in: 'body', required: true, schema: { $ref: '#/definitions/K' } }],
        'x-kubernetes-action': 'patch',
      },
      parameters: [{ name: 'name', in: 'path', type: 'string', required: true, uniqueItems: true }],
    },
    '/apis/a.b/v1/ks': { post: get },
  },
  definitions: { K: { type: 'object', description: 'A kind.', 'x-kubernetes-group-version-kind': kinds }, E: {} },
  security: [{ BearerToken: [] }],
  securityDefinitions: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header', description: 'A token.' } },
};

describe('swagger in protobuf', () => {
  it('is, byte for byte, the message that gnostic defines', async () => {
    const definition = { type: 'object', 'x-k': true, properties: { f: { type: 'string' } }, required: ['f'] };
    const small = {
      swagger: '2.0',
      info: { title: 'K', version: '1' },
      paths: { '/a': { get: { operationId: 'o' } } },
      definitions: { K: definition },
    };
    const expected = [
      '0a 03 322e30', // 1 swagger: "2.0"
      '12 06  0a 01 4b  12 01 31', // 2 info: 1 title, 2 version
      '42 0d  12 0b  0a 02 2f61  12 05  12 03  2a 01 6f', // 8 paths: 2 path: 1 name, 2 value: 2 get: 5 operation_id
      '4a 3b  0a 39  0a 01 4b  12 34', // 9 definitions: 1 additional_properties: 1 name, 2 value:
      '9a01 01 66', // 19 required: "f"
      'b201 08  0a 06 6f626a656374', // 22 type: 1 value: "object"
      'ca01 12  0a 10  0a 01 66  12 0b  b201 08  0a 06 737472696e67', // 25 properties: 1 additional_properties: 1 name, 2 value: 22 type
      'fa01 0d  0a 03 782d6b  12 06  12 04 74727565', // 31 vendor_extension: 1 name, 2 value: 2 yaml: "true"
    ];
    assert.equal((await openApiV2Protobuf(small)).toString('hex'), expected.join('').replaceAll(' ', ''));
  });

  it('can be read back whole', async () => assert.deepEqual(await readBack(whole), whole));

  it('keeps what every keyword of a schema says', async () => {
    const full: JsonObject = {
      $ref: '#/definitions/K',
      format: 'int32',
      title: 't',
      description: 'é',
      default: { a: [null, 0, false, ''] },
      multipleOf: 0.5,
      maximum: 10,
      exclusiveMaximum: true,
      minimum: -1,
      exclusiveMinimum: true,
      maxLength: 300,
      minLength: 1,
      pattern: '^a$',
      maxItems: 2 ** 40,
      minItems: -1,
      uniqueItems: true,
      maxProperties: 4,
      minProperties: 5,
      required: ['a', '', 'b'],
      enum: ['a', null, 1],
      additionalProperties: false,
      type: ['string', 'null'],
      items: { type: 'string', additionalProperties: true },
      properties: { description: { additionalProperties: { type: 'object', default: {} } }, 'x-own': {}, '': {} },
      externalDocs: { description: 'd', url: 'u' },
      example: '\u007f\u0080\ufeff😀',
      'x-kubernetes-preserve-unknown-fields': false,
      'x-kubernetes-list-map-keys': ['a'],
    };
    assert.deepEqual(await readBack({ definitions: { S: full } }), { definitions: { S: full } });
  });

  it('says nothing of what a reader assumes anyway, of keywords it does not know, and of values that have another type', async () => {
    const idle: JsonObject = {
      description: '',
      uniqueItems: false,
      minLength: 0,
      minimum: 0,
      nullable: true,
      title: 1,
      maxLength: 'a',
      minItems: 1.5,
      maxItems: Number.POSITIVE_INFINITY,
    };
    assert.equal((await openApiV2Protobuf({ definitions: { S: idle } })).toString('hex'), '4a070a050a01531200');
  });

  it('escapes in YAML what YAML does not take', async () => {
    const bytes = await openApiV2Protobuf({ definitions: { S: { 'x-a': '\u0085\u007f"\n' } } });
    assert.ok(bytes.includes(String.raw`"\u0085\u007f\"\n"`));
  });

  it('can be read back whatever fields a kind has', async () => {
    const leaf = fc.record({ type: fc.constant('string'), description: fc.string({ minLength: 1 }) });
    const { tree } = fc.letrec<{ tree: JsonObject }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.record({ properties: fc.dictionary(fc.string(), tie('tree'), { noNullPrototype: true }) }),
        fc.record({ items: tie('tree') }),
        fc.record({ additionalProperties: fc.oneof(fc.boolean(), tie('tree')), default: fc.jsonValue() as fc.Arbitrary<Json> }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(tree, async (schema) => {
        const given = JSON.parse(JSON.stringify({ definitions: { S: schema } }));
        assert.deepEqual(await readBack(given), given);
      }),
    );
  });

  it('lets others work while it writes many kinds', async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 500 }, (_, at) => [`f${at}`, { type: 'string', description: 'x'.repeat(100) }]),
    );
    const definitions = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`K${at}`, { properties }]));
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const bytes = await openApiV2Protobuf({ definitions });
    isDone = true;
    assert.ok(turns >= bytes.length / (600 * 1024), `${turns} turns for ${bytes.length} bytes`);
    assert.deepEqual(document(bytes), { definitions });
  });
});
