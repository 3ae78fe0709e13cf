import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResourceInfo } from '../registry/resource-info.ts';
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  compareVersions,
  discoveryContentType,
  etagOf,
  matchesEtag,
  negotiateDiscovery,
  versionInfo,
} from './index.ts';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const info = (given: Partial<ResourceInfo> & Pick<ResourceInfo, 'group' | 'kind' | 'plural'>): ResourceInfo => ({
  version: 'v1',
  singular: given.kind.toLowerCase(),
  listKind: `${given.kind}List`,
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs,
  hasStatus: false,
  scale: null,
  schema: { type: 'object' },
  columns: [],
  selectableFields: [],
  storageVersion: 'v1',
  deprecated: false,
  ...given,
});

const taskSet = info({
  group: 'river.dev',
  kind: 'TaskSet',
  plural: 'tasksets',
  shortNames: ['ts'],
  categories: ['river'],
  hasStatus: true,
  scale: { specReplicasPath: '.spec.parallelism', statusReplicasPath: '.status.running' },
});
const node = info({ group: 'river.dev', kind: 'Node', plural: 'nodes', namespaced: false });
const configMap = info({ group: '', kind: 'ConfigMap', plural: 'configmaps', shortNames: ['cm'] });
const review = info({
  group: 'authorization.k8s.io',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
  verbs: ['create'],
});
const widgetBeta = info({ group: 'acme.example', kind: 'Widget', plural: 'widgets', version: 'v2beta1' });
const widgetStable = info({ group: 'acme.example', kind: 'Widget', plural: 'widgets' });
const infos = [widgetBeta, widgetStable, taskSet, node, configMap, review];

describe('version order', () => {
  it('puts stable before beta before alpha, higher numbers first, other names last by the alphabet', () => {
    const shuffled = ['foo10', 'v10beta3', 'v2', 'v1', 'v11alpha2', 'v10', 'foo1', 'v3beta1', 'v12alpha1', 'v11beta2'];
    const documented = ['v10', 'v2', 'v1', 'v11beta2', 'v10beta3', 'v3beta1', 'v12alpha1', 'v11alpha2', 'foo1', 'foo10'];
    assert.deepEqual(shuffled.sort(compareVersions), documented);
  });
});

describe('legacy discovery', () => {
  it('names v1 as the only version of the core group', () => {
    assert.deepEqual(apiVersions('127.0.0.1:6443'), {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1:6443' }],
    });
  });

  it('lists the groups, those of strangers last, each with its preferred version', () => {
    const v1 = (name: string) => ({ groupVersion: `${name}/v1`, version: 'v1' });
    assert.deepEqual(apiGroupList(infos), {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [
        { name: 'authorization.k8s.io', versions: [v1('authorization.k8s.io')], preferredVersion: v1('authorization.k8s.io') },
        { name: 'river.dev', versions: [v1('river.dev')], preferredVersion: v1('river.dev') },
        {
          name: 'acme.example',
          versions: [v1('acme.example'), { groupVersion: 'acme.example/v2beta1', version: 'v2beta1' }],
          preferredVersion: v1('acme.example'),
        },
      ],
    });
  });

  it('tells one group by name, and knows no group that serves nothing', () => {
    assert.deepEqual(apiGroup(infos, 'river.dev'), {
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: 'river.dev',
      versions: [{ groupVersion: 'river.dev/v1', version: 'v1' }],
      preferredVersion: { groupVersion: 'river.dev/v1', version: 'v1' },
    });
    assert.equal(apiGroup(infos, 'nobody.example'), undefined);
    assert.equal(apiGroup(infos, ''), undefined);
  });

  it('lists resources with their subresources by name, scale as autoscaling/v1', () => {
    const sub = ['get', 'patch', 'update'];
    assert.deepEqual(apiResourceList(infos, 'river.dev', 'v1'), {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: 'river.dev/v1',
      resources: [
        { name: 'nodes', singularName: 'node', namespaced: false, kind: 'Node', verbs, storageVersionHash: 'z0tMjKx6SWk=' },
        {
          name: 'tasksets',
          singularName: 'taskset',
          namespaced: true,
          kind: 'TaskSet',
          verbs,
          shortNames: ['ts'],
          categories: ['river'],
          storageVersionHash: 'EPDuWLA/4Pk=',
        },
        { name: 'tasksets/scale', singularName: '', namespaced: true, group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: sub },
        { name: 'tasksets/status', singularName: '', namespaced: true, kind: 'TaskSet', verbs: sub },
      ],
    });
  });

  it('gives what is only created no storage version', () => {
    assert.deepEqual(apiResourceList(infos, 'authorization.k8s.io', 'v1')?.resources, [
      {
        name: 'subjectaccessreviews',
        singularName: 'subjectaccessreview',
        namespaced: false,
        kind: 'SubjectAccessReview',
        verbs: ['create'],
      },
    ]);
  });

  it('gives two versions that are stored alike the same storage version hash', () => {
    const hash = (version: string) => apiResourceList(infos, 'acme.example', version)?.resources[0]?.storageVersionHash;
    assert.equal(hash('v1'), hash('v2beta1'));
  });

  it('answers an empty core group with an empty list and an unknown version with nothing', () => {
    assert.deepEqual(apiResourceList([], '', 'v1')?.resources, []);
    assert.equal(apiResourceList(infos, 'river.dev', 'v9'), undefined);
    assert.equal(apiResourceList(infos, '', 'v2'), undefined);
  });
});

describe('aggregated discovery', () => {
  it('holds the core group under api, without a name', () => {
    assert.deepEqual(aggregatedDiscovery(infos, 'api'), {
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      metadata: {},
      items: [
        {
          metadata: {},
          versions: [
            {
              version: 'v1',
              resources: [
                {
                  resource: 'configmaps',
                  responseKind: { group: '', version: 'v1', kind: 'ConfigMap' },
                  scope: 'Namespaced',
                  singularResource: 'configmap',
                  verbs,
                  shortNames: ['cm'],
                },
              ],
              freshness: 'Current',
            },
          ],
        },
      ],
    });
  });

  it('holds every other group under apis, with subresources inside their resource', () => {
    const list = aggregatedDiscovery(infos, 'apis', 'v2beta1');
    assert.equal(list.apiVersion, 'apidiscovery.k8s.io/v2beta1');
    assert.deepEqual(
      list.items.map((group) => [group.metadata.name, group.versions.map((version) => version.version)]),
      [
        ['authorization.k8s.io', ['v1']],
        ['river.dev', ['v1']],
        ['acme.example', ['v1', 'v2beta1']],
      ],
    );
    assert.deepEqual(list.items[1]?.versions[0]?.resources[1]?.subresources, [
      { subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs: ['get', 'patch', 'update'] },
      { subresource: 'status', responseKind: { group: 'river.dev', version: 'v1', kind: 'TaskSet' }, verbs: ['get', 'patch', 'update'] },
    ]);
  });

  it('is the same text for the same kinds in any order', () => {
    const text = (kinds: ResourceInfo[]) => etagOf(JSON.stringify(aggregatedDiscovery(kinds, 'apis')));
    assert.equal(text(infos), text([...infos].reverse()));
  });
});

describe('negotiation of the form', () => {
  const aggregated = (version: string) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  const cases: [accept: string | undefined, form: string][] = [
    [`${aggregated('v2')},${aggregated('v2beta1')},application/json`, 'v2'],
    [`${aggregated('v2beta1')},application/json`, 'v2beta1'],
    [`${aggregated('v3')},application/json`, 'legacy'],
    [aggregated('v3'), 'notAcceptable'],
    ['application/json', 'legacy'],
    ['application/json, */*', 'legacy'],
    ['application/vnd.kubernetes.protobuf,application/json', 'legacy'],
    ['application/vnd.kubernetes.protobuf', 'notAcceptable'],
    [`application/json;q=0.5,${aggregated('v2')};q=0.9`, 'v2'],
    ['*/*', 'legacy'],
    ['', 'legacy'],
    [undefined, 'legacy'],
    ['application/json;q=0', 'notAcceptable'],
    [';;;,,,/', 'notAcceptable'],
  ];
  for (const [accept, form] of cases)
    it(`answers ${accept ?? 'no header'} with ${form}`, () => assert.equal(negotiateDiscovery(accept), form));

  it('names the aggregated form in the content type', () => {
    assert.equal(discoveryContentType('v2'), aggregated('v2'));
    assert.equal(discoveryContentType('legacy'), 'application/json');
  });
});

describe('entity tags', () => {
  it('match themselves, strong or weak, alone or in a list, and nothing else', () => {
    const etag = etagOf('{}');
    for (const header of [etag, `W/${etag}`, `"x", ${etag}`, '*']) assert.ok(matchesEtag(header, etag), header);
    for (const header of [undefined, '', '"x"', etagOf('[]')]) assert.ok(!matchesEtag(header, etag), String(header));
  });
});

describe('version', () => {
  it('is that of the Kubernetes API spoken, with River as build metadata', () => {
    const { major, minor, gitVersion } = versionInfo({ version: '0.1.0' });
    assert.deepEqual({ major, minor, gitVersion }, { major: '1', minor: '32', gitVersion: 'v1.32.0+river.0.1.0' });
  });
});
