import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError } from '@river/crds';
import { parseRoute, type ResourceRoute } from './route.ts';

const core = { group: '', version: 'v1', namespace: '', name: '', subresource: '' };
const river = { group: 'river.dev', version: 'v1', namespace: '', name: '', subresource: '' };

const resources: [path: string, route: ResourceRoute][] = [
  ['/api/v1/configmaps', { ...core, plural: 'configmaps' }],
  ['/api/v1/namespaces', { ...core, plural: 'namespaces' }],
  ['/api/v1/namespaces/a', { ...core, plural: 'namespaces', name: 'a' }],
  ['/api/v1/namespaces/a/status', { ...core, plural: 'namespaces', name: 'a', subresource: 'status' }],
  ['/api/v1/namespaces/a/finalize', { ...core, plural: 'namespaces', name: 'a', subresource: 'finalize' }],
  ['/api/v1/namespaces/a/configmaps', { ...core, plural: 'configmaps', namespace: 'a' }],
  ['/api/v1/namespaces/a/configmaps/', { ...core, plural: 'configmaps', namespace: 'a' }],
  ['/api/v1/namespaces/a/configmaps/b', { ...core, plural: 'configmaps', namespace: 'a', name: 'b' }],
  ['/api/v1/namespaces/a/status/b', { ...core, plural: 'status', namespace: 'a', name: 'b' }],
  ['/apis/river.dev/v1/tasks', { ...river, plural: 'tasks' }],
  ['/apis/river.dev/v1/nodes/n', { ...river, plural: 'nodes', name: 'n' }],
  ['/apis/river.dev/v1/namespaces/a/tasks/t/status', { ...river, plural: 'tasks', namespace: 'a', name: 't', subresource: 'status' }],
  ['/apis/river.dev/v1/namespaces/a/tasks/t%3Au', { ...river, plural: 'tasks', namespace: 'a', name: 't:u' }],
  ['/apis/river.dev/v1/namespaces/a/tasks/..', { ...river, plural: 'tasks', namespace: 'a', name: '..' }],
];

const documents: [path: string, parts: string[]][] = [
  ['/', []],
  ['/api', ['api']],
  ['/api/v1', ['api', 'v1']],
  ['/apis/river.dev', ['apis', 'river.dev']],
  ['/apis/river.dev/v1/', ['apis', 'river.dev', 'v1']],
  ['/openapi/v3/apis/river.dev/v1', ['openapi', 'v3', 'apis', 'river.dev', 'v1']],
  ['/healthz', ['healthz']],
];

describe('an address', () => {
  for (const [path, resource] of resources)
    it(`${path} is about a resource`, () => assert.deepEqual(parseRoute(path), { is: 'resource', resource }));
  for (const [path, parts] of documents)
    it(`${path} is a document`, () => assert.deepEqual(parseRoute(path), { is: 'document', path: parts }));

  it('that goes deeper than a subresource names nothing', () => {
    assert.throws(
      () => parseRoute('/api/v1/namespaces/a/configmaps/b/status/c'),
      (error) => ApiError.is(error, 'NotFound'),
    );
  });

  it('that is not percent-encoded as it should be is refused', () => {
    assert.throws(
      () => parseRoute('/api/v1/namespaces/%E0%A4%A'),
      (error) => ApiError.is(error, 'BadRequest'),
    );
  });
});
