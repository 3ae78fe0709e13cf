import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import type { JsonObject, KubeObject } from '@river/crds';
import { parseAllDocuments } from 'yaml';
import { bindingObjects, mapBindingObjects, mapRoleObjects, roleObjects } from './seeded-roles.ts';

const file = join(import.meta.dirname, '../../../deploy/gateway/roles.yaml');

it('gives a gateway what deploy/gateway/roles.yaml gives it elsewhere', () => {
  const nameOf = ({ kind, metadata }: Pick<KubeObject, 'kind' | 'metadata'>) => `${kind} ${metadata.name}`;
  const said = ({ rules, subjects, roleRef, metadata }: JsonObject & Pick<KubeObject, 'metadata'>) =>
    JSON.parse(JSON.stringify({ rules, subjects, roleRef, namespace: metadata.namespace }));
  const seeded = [...roleObjects(), ...bindingObjects(), ...mapRoleObjects(), ...mapBindingObjects()];
  const written: (JsonObject & KubeObject)[] = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS());
  const roles = written.filter(({ kind }) => kind !== 'Namespace');
  assert.equal(roles.length, 6);
  for (const role of roles) {
    const same = seeded.find((one) => nameOf(one) === nameOf(role));
    assert.ok(same, nameOf(role));
    assert.deepEqual(said(role), said(same as JsonObject & KubeObject));
  }
});
