import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isObject, type Json, type JsonObject, type StructuralSchema } from '@river/crds';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { fitV2 } from './fit-v2.ts';
import { openApiV2, openApiV2Protobuf, openApiV3, openApiV3Index } from './index.ts';
import { openApiV3Path } from './open-api-v3.ts';

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const info = (group: string, kind: string, given: Partial<ResourceInfo> = {}): ResourceInfo => ({
  group,
  version: 'v1',
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  kind,
  listKind: `${kind}List`,
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  hasStatus: false,
  scale: null,
  schema: { type: 'object' },
  columns: [],
  selectableFields: [],
  storageVersion: 'v1',
  deprecated: false,
  ...given,
});

const taskSchema: StructuralSchema = {
  type: 'object',
  description: 'Runs a command once.',
  required: ['spec'],
  properties: {
    apiVersion: { type: 'string' },
    metadata: { type: 'object' },
    spec: {
      type: 'object',
      required: ['image'],
      properties: {
        image: { type: 'string', description: 'The image.', default: 'scratch', maxLength: 64 },
        cpu: { 'x-kubernetes-int-or-string': true, description: 'CPUs.', anyOf: [{ type: 'integer' }, { type: 'string' }] },
      },
      'x-kubernetes-validations': [{ rule: 'has(self.image)' }],
    },
  },
};
const task = info('river.dev', 'Task', { schema: taskSchema, hasStatus: true });
const taskSet = info('river.dev', 'TaskSet', { scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } });
const node = info('river.dev', 'Node', { namespaced: false });
const configMap = info('', 'ConfigMap');
const crd = info('apiextensions.k8s.io', 'CustomResourceDefinition', { namespaced: false });
const lease = info('coordination.k8s.io', 'Lease');
const role = info('rbac.authorization.k8s.io', 'Role');
const gateway = info('gateway.networking.k8s.io', 'Gateway');
const review = info('authorization.k8s.io', 'SelfSubjectAccessReview', { verbs: ['create'], namespaced: false });
const infos = [task, taskSet, node, configMap, crd, lease, role, gateway, review];

const at = (value: Json | undefined, ...keys: (string | number)[]): Json | undefined => {
  let found = value;
  for (const key of keys) found = (found as Record<string | number, Json> | undefined)?.[key];
  return found;
};
const keysOf = (value: Json | undefined) => Object.keys((value ?? {}) as JsonObject);
const schemasAt = (path: string) => at(openApiV3(infos, path), 'components', 'schemas');
const operationAt = (path: string, method: string, doc = openApiV3(infos, 'apis/river.dev/v1')) => at(doc, 'paths', path, method);
const parameterNames = (operation: Json | undefined) => ((at(operation, 'parameters') ?? []) as JsonObject[]).map(({ name }) => name);

const tasks = '/apis/river.dev/v1/namespaces/{namespace}/tasks';

describe('the index of documents', () => {
  const [river, core] = ['apis/river.dev/v1', 'api/v1'];
  const linksOf = async (kinds: readonly ResourceInfo[], index = openApiV3Index()) =>
    Object.fromEntries(Object.entries((await index(kinds)).paths).map(([path, { serverRelativeURL }]) => [path, serverRelativeURL]));

  it('has one link per group and version', async () => {
    const links = await linksOf(infos);
    assert.deepEqual(Object.keys(links), [
      core,
      'apis/apiextensions.k8s.io/v1',
      'apis/authorization.k8s.io/v1',
      'apis/coordination.k8s.io/v1',
      'apis/gateway.networking.k8s.io/v1',
      'apis/rbac.authorization.k8s.io/v1',
      river,
    ]);
    assert.match(links[core] ?? '', /^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{64}$/);
  });

  const changes: [what: string, kinds: readonly ResourceInfo[]][] = [
    ['a kind changes', [task, { ...taskSet, hasStatus: true }, node, configMap]],
    ['a schema changes', [{ ...task, schema: { type: 'object' } }, taskSet, node, configMap]],
    ['a kind comes', [task, taskSet, node, info('river.dev', 'Queue'), configMap]],
    ['a kind goes', [task, node, configMap]],
  ];
  for (const [what, kinds] of changes) {
    it(`has another link for the group when ${what}, and the same for the others`, async () => {
      const index = openApiV3Index();
      const before = await linksOf([task, taskSet, node, configMap], index);
      const after = await linksOf(kinds, index);
      assert.notEqual(after[river], before[river]);
      assert.equal(after[core], before[core]);
    });
  }

  it('keeps its links while the documents stay the same, whatever the order and what else changes, and after a restart', async () => {
    const links = await linksOf([task, taskSet, node, configMap]);
    assert.deepEqual(await linksOf([configMap, node, { ...task, shortNames: ['tk'] }, { ...taskSet }]), links);
  });

  it('leads nowhere where nothing is served', () => {
    for (const path of ['apis/river.dev/v2', 'api/v2', 'apis', '', 'apis/constructor/v1']) assert.equal(openApiV3(infos, path), undefined);
  });
});

describe('a kind in OpenAPI 3', () => {
  const names: [path: string, name: string][] = [
    ['apis/river.dev/v1', 'dev.river.v1.Task'],
    ['apis/river.dev/v1', 'dev.river.v1.TaskList'],
    ['api/v1', 'io.k8s.api.core.v1.ConfigMap'],
    ['apis/coordination.k8s.io/v1', 'io.k8s.api.coordination.v1.Lease'],
    ['apis/rbac.authorization.k8s.io/v1', 'io.k8s.api.rbac.v1.RoleList'],
    ['apis/apiextensions.k8s.io/v1', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition'],
    ['apis/gateway.networking.k8s.io/v1', 'io.k8s.networking.gateway.v1.Gateway'],
    ['apis/authorization.k8s.io/v1', 'io.k8s.api.authorization.v1.SelfSubjectAccessReview'],
  ];
  for (const [path, name] of names) it(`is called ${name}`, () => assert.ok(at(schemasAt(path), name)));

  it('keeps its schema, gets the shared metadata, and says which kind it is', () => {
    const schema = at(schemasAt('apis/river.dev/v1'), 'dev.river.v1.Task');
    assert.equal(at(schema, 'description'), 'Runs a command once.');
    assert.deepEqual(at(schema, 'required'), ['spec']);
    assert.deepEqual(at(schema, 'x-kubernetes-group-version-kind'), [{ group: 'river.dev', kind: 'Task', version: 'v1' }]);
    assert.deepEqual(at(schema, 'properties', 'metadata', 'allOf'), [
      { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
    ]);
    assert.deepEqual(at(schema, 'properties', 'spec'), {
      type: 'object',
      required: ['image'],
      properties: {
        image: { type: 'string', description: 'The image.', default: 'scratch', maxLength: 64 },
        cpu: {
          'x-kubernetes-int-or-string': true,
          description: 'CPUs.',
          allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString' }],
        },
      },
      'x-kubernetes-validations': [{ rule: 'has(self.image)' }],
    });
  });

  it('has a list whose items are the kind', () => {
    const list = at(schemasAt('apis/river.dev/v1'), 'dev.river.v1.TaskList');
    assert.deepEqual(at(list, 'required'), ['items']);
    assert.deepEqual(at(list, 'properties', 'items', 'items'), { $ref: '#/components/schemas/dev.river.v1.Task' });
    assert.deepEqual(at(list, 'x-kubernetes-group-version-kind'), [{ group: 'river.dev', kind: 'TaskList', version: 'v1' }]);
  });

  it('has no list where it can not be listed', () => {
    assert.equal(at(schemasAt('apis/authorization.k8s.io/v1'), 'io.k8s.api.authorization.v1.SelfSubjectAccessReviewList'), undefined);
  });

  it('shows what an embedded object has beside its own fields', () => {
    const schema: StructuralSchema = { type: 'object', properties: { o: { type: 'object', 'x-kubernetes-embedded-resource': true } } };
    const doc = openApiV3([info('x.y', 'A', { schema })], 'apis/x.y/v1');
    assert.deepEqual(keysOf(at(doc, 'components', 'schemas', 'y.x.v1.A', 'properties', 'o', 'properties')), [
      'apiVersion',
      'kind',
      'metadata',
    ]);
  });
});

describe('the operations of a kind', () => {
  it('are there for each verb, in the collection, in all namespaces, on an object and on its parts', () => {
    const doc = openApiV3([task, taskSet], 'apis/river.dev/v1');
    const found = Object.entries(at(doc, 'paths') as JsonObject).map(
      ([path, item]) =>
        `${path} ${keysOf(item)
          .filter((key) => key !== 'parameters')
          .sort()}`,
    );
    const sets = '/apis/river.dev/v1/namespaces/{namespace}/tasksets';
    assert.deepEqual(found, [
      `${tasks} delete,get,post`,
      `${tasks}/{name} delete,get,patch,put`,
      `${tasks}/{name}/status get,patch,put`,
      `${sets} delete,get,post`,
      `${sets}/{name} delete,get,patch,put`,
      `${sets}/{name}/scale get,patch,put`,
      '/apis/river.dev/v1/tasks get',
      '/apis/river.dev/v1/tasksets get',
    ]);
  });

  it('are only those that are served', () => {
    const doc = openApiV3(infos, 'apis/authorization.k8s.io/v1');
    assert.deepEqual(keysOf(at(doc, 'paths', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')), ['parameters', 'post']);
    assert.deepEqual(keysOf(at(doc, 'paths')).length, 1);
  });

  it('have ids that generated clients know', () => {
    const id = (path: string, method: string, document: string) => at(operationAt(path, method, openApiV3(infos, document)), 'operationId');
    assert.equal(id('/api/v1/namespaces/{namespace}/configmaps', 'post', 'api/v1'), 'createCoreV1NamespacedConfigMap');
    assert.equal(id(`${tasks}/{name}/status`, 'patch', 'apis/river.dev/v1'), 'patchRiverDevV1NamespacedTaskStatus');
    assert.equal(id('/apis/river.dev/v1/tasks', 'get', 'apis/river.dev/v1'), 'listRiverDevV1TaskForAllNamespaces');
    const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles';
    assert.equal(id(roles, 'delete', 'apis/rbac.authorization.k8s.io/v1'), 'deleteCollectionRbacAuthorizationV1NamespacedRole');
  });

  it('declare fieldValidation and dryRun, by which kubectl decides who validates', () => {
    const writes: [path: string, method: string][] = [
      [tasks, 'post'],
      [`${tasks}/{name}`, 'put'],
      [`${tasks}/{name}`, 'patch'],
      [`${tasks}/{name}/status`, 'patch'],
    ];
    for (const [path, method] of writes) {
      const operation = operationAt(path, method);
      assert.ok(parameterNames(operation).includes('fieldValidation'), `${method} ${path}`);
      assert.ok(parameterNames(operation).includes('dryRun'), `${method} ${path}`);
      assert.deepEqual(at(operation, 'x-kubernetes-group-version-kind'), { group: 'river.dev', kind: 'Task', version: 'v1' });
      assert.equal(at(operation, 'x-kubernetes-action'), method);
    }
  });

  it('patch in the forms that the kind can be patched in', () => {
    const forms = (path: string, document: string) =>
      keysOf(at(operationAt(path, 'patch', openApiV3(infos, document)), 'requestBody', 'content'));
    const three = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json'];
    assert.deepEqual(forms(`${tasks}/{name}`, 'apis/river.dev/v1'), three);
    const four = [...three, 'application/strategic-merge-patch+json'];
    assert.deepEqual(forms('/api/v1/namespaces/{namespace}/configmaps/{name}', 'api/v1'), four);
  });

  it('are deprecated with their version', () => {
    const doc = openApiV3([{ ...task, deprecated: true }], 'apis/river.dev/v1');
    assert.equal(at(operationAt(tasks, 'get', doc), 'deprecated'), true);
    assert.equal(at(operationAt(tasks, 'get'), 'deprecated'), undefined);
  });

  it('watch by a parameter of list', () => {
    const list = operationAt(tasks, 'get');
    assert.deepEqual(['watch', 'sendInitialEvents', 'limit'].filter((name) => parameterNames(list).includes(name)).length, 3);
    assert.deepEqual(keysOf(at(list, 'responses', 200, 'content')), ['application/json', 'application/json;stream=watch']);
  });

  it('read and write a Scale of autoscaling/v1 under scale', () => {
    const operation = operationAt('/apis/river.dev/v1/namespaces/{namespace}/tasksets/{name}/scale', 'put');
    assert.deepEqual(at(operation, 'x-kubernetes-group-version-kind'), { group: 'autoscaling', kind: 'Scale', version: 'v1' });
    assert.deepEqual(at(operation, 'requestBody', 'content', '*/*', 'schema'), {
      $ref: '#/components/schemas/io.k8s.api.autoscaling.v1.Scale',
    });
  });
});

function* walk(value: Json): Generator<JsonObject> {
  if (Array.isArray(value)) for (const each of value) yield* walk(each);
  if (!isObject(value)) return;
  yield value;
  for (const each of Object.values(value)) yield* walk(each);
}

describe('every document', () => {
  const documents: [name: string, document: JsonObject][] = [
    ['v2', openApiV2(infos)],
    ...[...new Set(infos.map(openApiV3Path))].map((path): [string, JsonObject] => [path, openApiV3(infos, path) ?? {}]),
  ];
  for (const [name, document] of documents) {
    it(`${name} refers only to what it holds, and is Json to the last leaf`, () => {
      for (const { $ref } of walk(document)) {
        if (typeof $ref === 'string') assert.ok(at(document, ...$ref.slice(2).split('/')), $ref);
      }
      assert.deepEqual(JSON.parse(JSON.stringify(document)), document);
    });

    it(`${name} uses each operation id once and declares each part of a path`, () => {
      const ids = [...walk(document)].flatMap(({ operationId }) => (typeof operationId === 'string' ? operationId : []));
      assert.equal(new Set(ids).size, ids.length);
      for (const [path, item] of Object.entries(at(document, 'paths') as JsonObject)) {
        const declared = (at(item, 'parameters') as JsonObject[])
          .filter((parameter) => parameter.in === 'path')
          .map((parameter) => parameter.name);
        assert.deepEqual(declared.sort(), [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort());
      }
    });
  }
});

describe('swagger 2.0', () => {
  it('holds every group in one document, with the kinds that its definitions are', () => {
    const document = openApiV2(infos);
    assert.equal(document.swagger, '2.0');
    assert.ok(at(document, 'paths', tasks));
    assert.ok(at(document, 'paths', '/api/v1/namespaces/{namespace}/configmaps'));
    const kinds = at(document, 'definitions', 'dev.river.v1.Task', 'x-kubernetes-group-version-kind');
    assert.deepEqual(kinds, [{ group: 'river.dev', kind: 'Task', version: 'v1' }]);
    assert.deepEqual(at(document, 'definitions', 'dev.river.v1.Task', 'properties', 'metadata'), {
      description: 'What every object has whatever its kind: its name, its labels, its owners.',
      $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    });
    assert.deepEqual(at(document, 'definitions', 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'), {
      description: 'A number or a string.',
      format: 'int-or-string',
      type: 'string',
    });
  });

  it('takes bodies as parameters', () => {
    const operation = operationAt(tasks, 'post', openApiV2(infos));
    assert.deepEqual(at(operation, 'parameters', 0), {
      name: 'body',
      in: 'body',
      required: true,
      schema: { $ref: '#/definitions/dev.river.v1.Task' },
    });
    assert.deepEqual(at(operationAt(`${tasks}/{name}`, 'delete', openApiV2(infos)), 'parameters', 0), {
      name: 'body',
      in: 'body',
      schema: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions' },
    });
  });

  const text: JsonObject = { type: 'string' };
  const cases: [name: string, schema: JsonObject, fitted: JsonObject][] = [
    ['drops alternatives', { type: 'string', allOf: [{ minLength: 1 }], anyOf: [{}], oneOf: [{}], not: {} }, text],
    [
      'drops the type of what may be null',
      { type: 'object', nullable: true, description: 'd', properties: { a: text }, required: ['a'] },
      { description: 'd' },
    ],
    [
      'demands no field that may be null',
      { type: 'object', required: ['a', 'b'], properties: { a: { type: 'string', nullable: true }, b: text } },
      { type: 'object', required: ['b'], properties: { a: {}, b: text } },
    ],
    ['leaves no empty list of demands', { required: ['a'], properties: { a: { nullable: true } } }, { properties: { a: {} } }],
    [
      'lists no fields where unknown ones are kept',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: text }, required: ['a'] },
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    ],
    [
      'goes down into fields, items and maps',
      { properties: { a: { items: { anyOf: [{}], ...text } } }, additionalProperties: { not: {}, ...text } },
      { properties: { a: { items: text } }, additionalProperties: text },
    ],
    ['keeps a map of anything', { additionalProperties: true }, { additionalProperties: true }],
    [
      'keeps a field that is called like a keyword',
      { properties: { anyOf: text, nullable: text } },
      { properties: { anyOf: text, nullable: text } },
    ],
    ['refers to definitions', { $ref: '#/components/schemas/a.B' }, { $ref: '#/definitions/a.B' }],
  ];
  for (const [name, schema, fitted] of cases) it(name, () => assert.deepEqual(fitV2(schema), fitted));
});

describe('speed', () => {
  const field: StructuralSchema = { type: 'string', description: 'Says something of the object.', maxLength: 100 };
  const properties = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`f${at}`, field]));
  const schema: StructuralSchema = { type: 'object', properties: { spec: { type: 'object', properties } } };
  const many = Array.from({ length: 30 }, (_, at) =>
    info(['', 'river.dev', 'acme.example'][at % 3] ?? '', `K${at}`, { schema, hasStatus: true }),
  );
  const best = (run: () => void) =>
    Math.min(
      ...Array.from({ length: 5 }, () => {
        const start = performance.now();
        run();
        return performance.now() - start;
      }),
    );

  const bestOf = async (run: () => Promise<unknown>) => {
    const times: number[] = [];
    for (let at = 0; at < 5; at++) {
      const start = performance.now();
      await run();
      times.push(performance.now() - start);
    }
    return Math.min(...times);
  };

  it('describes 30 kinds within the budgets', async () => {
    const document = openApiV2(many);
    assert.ok(best(() => openApiV2(many)) < 50);
    assert.ok((await bestOf(() => openApiV2Protobuf(document))) < 50);
    assert.ok((await bestOf(() => openApiV3Index()(many))) < 50);
    assert.ok(best(() => openApiV3(many, 'apis/river.dev/v1')) < 10);
  });

  it('finds the links again in no time when one kind comes to 200 others', async () => {
    const index = openApiV3Index();
    const crds = Array.from({ length: 200 }, (_, at) => info(`g${at % 40}.example.com`, `K${at}`, { schema }));
    await index(crds);
    assert.ok((await bestOf(() => index([...crds, info('g0.example.com', 'New', { schema })]))) < 10);
  });
});
