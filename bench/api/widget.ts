/** What is written and read: a kind with fifty fields and one CEL rule, and objects of it of 1.1 KiB. */
const group = 'bench.river.dev';
export const namespace = 'bench';
export const collection = `/apis/${group}/v1/namespaces/${namespace}/widgets`;
export const objectBytes = 1_126;
/** Objects are spread over this many values of a label and of a selectable field. */
const spread = 100;

const text = { type: 'string', maxLength: 1_024 };
const numbered = (count: number, prefix: string, schema: object) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix}${at}`, schema]));

const specSchema = {
  type: 'object',
  required: ['low', 'high'],
  'x-kubernetes-validations': [{ rule: 'self.low <= self.high', message: 'low must not be above high' }],
  properties: {
    low: { type: 'integer', minimum: 0 },
    high: { type: 'integer', minimum: 0 },
    colour: { type: 'string', maxLength: 32 },
    sentAt: { type: 'string', maxLength: 32 },
    image: { ...text, default: 'debian' },
    ...numbered(20, 'text', text),
    ...numbered(10, 'count', { type: 'integer' }),
    ...numbered(5, 'flag', { type: 'boolean' }),
    environment: { type: 'object', maxProperties: 64, additionalProperties: text },
    ports: {
      type: 'array',
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: text, port: { type: 'integer', minimum: 1, maximum: 65_535 } } },
    },
    resources: { type: 'object', properties: numbered(6, 'resource', { 'x-kubernetes-int-or-string': true }) },
  },
};

/** A definition like {@link widgetDefinition} under another name, to see how soon a new kind is served. */
export const definitionOf = (plural: string, kind: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        selectableFields: [{ jsonPath: '.spec.colour' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: specSchema, status: { type: 'object', properties: { ready: { type: 'integer' }, note: text } } },
          },
        },
      },
    ],
  },
});
export const widgetDefinition = definitionOf('widgets', 'Widget');
export const collectionOf = (plural: string) => `/apis/${group}/v1/namespaces/${namespace}/${plural}`;

export function widget(name: string, at: number) {
  const value = String(at % spread);
  const object = {
    apiVersion: `${group}/v1`,
    kind: 'Widget',
    metadata: { name, namespace, labels: { batch: value, app: 'bench' } },
    spec: {
      low: 1,
      high: 2,
      colour: `c${value}`,
      count0: at,
      flag0: true,
      environment: { HOME: '/root', LANG: 'C.UTF-8' },
      ports: [{ name: 'http', port: 80 }],
      resources: { resource0: 4, resource1: '16Gi' },
      text0: '',
    },
  };
  object.spec.text0 = 'x'.repeat(Math.max(0, objectBytes - JSON.stringify(object).length));
  return object;
}
