import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type MediaChoice, negotiateMedia } from './negotiate-media.ts';

const object: MediaChoice = { as: 'object', version: 'v1' };
const as = (kind: string, version = 'v1') => `application/json;as=${kind};v=${version};g=meta.k8s.io`;

describe('the form in which objects are sent', () => {
  const cases: [accept: string | undefined, choice: MediaChoice | 'notAcceptable'][] = [
    [`${as('Table')},${as('Table', 'v1beta1')},application/json`, { as: 'table', version: 'v1' }],
    [`${as('Table', 'v1beta1')},application/json`, { as: 'table', version: 'v1beta1' }],
    ['application/json; as=Table; v=v1; g=meta.k8s.io', { as: 'table', version: 'v1' }],
    [`${as('PartialObjectMetadata')},application/json`, { as: 'partial', version: 'v1' }],
    [
      `application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,${as('PartialObjectMetadataList')},application/json`,
      { as: 'partialList', version: 'v1' },
    ],
    [`${as('Table', 'v2')},application/json`, object],
    [`${as('Tree')},application/json`, object],
    [as('Tree'), 'notAcceptable'],
    ['application/json;as=Table;v=v1;g=other.io', 'notAcceptable'],
    ['application/vnd.kubernetes.protobuf,application/json', object],
    ['application/vnd.kubernetes.protobuf', 'notAcceptable'],
    ['application/vnd.kubernetes.protobuf;stream=watch,application/json;stream=watch', object],
    ['application/json', object],
    ['APPLICATION/JSON', object],
    ['application/json;pretty=1', object],
    ['application/*', object],
    ['*/*', object],
    ['*', object],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', object],
    [`application/json;q=0.4,${as('Table')};q=0.5`, { as: 'table', version: 'v1' }],
    [`*/*,${as('Table')}`, { as: 'table', version: 'v1' }],
    ['application/json;q=0', 'notAcceptable'],
    ['application/yaml', 'notAcceptable'],
    ['application/yaml,application/json;q=0.1', object],
    ['', object],
    [undefined, object],
    ['nonsense', 'notAcceptable'],
  ];
  for (const [accept, choice] of cases) {
    it(`for ${accept ?? 'no header'} is ${typeof choice === 'string' ? choice : `${choice.as} ${choice.version}`}`, () =>
      assert.deepEqual(negotiateMedia(accept), choice));
  }
});
