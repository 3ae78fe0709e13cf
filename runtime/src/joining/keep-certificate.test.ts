import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeIdentity } from './identity-folder.ts';
import { planCertificate } from './keep-certificate.ts';

const access = { server: 'https://x', certificateAuthority: '', clientCertificate: { certificate: '', key: '' }, namespace: 'default' };
const identity: NodeIdentity = { node: 'a', access, validFromMs: 1_000_000, validToMs: 1_900_000 };

describe('planCertificate', () => {
  it('waits until two thirds of the life are over, then renews, and gives up at its end', () => {
    assert.deepEqual(planCertificate(identity, 1_000_000), { do: 'wait', ms: 600_000 });
    assert.deepEqual(planCertificate(identity, 1_599_999), { do: 'wait', ms: 1 });
    assert.deepEqual(planCertificate(identity, 1_600_000), { do: 'renew' });
    assert.deepEqual(planCertificate(identity, 1_899_999), { do: 'renew' });
    assert.equal(planCertificate(identity, 1_900_000).do, 'giveUp');
  });

  it('looks again within the hour, however far off the end is', () => {
    assert.deepEqual(planCertificate({ ...identity, validToMs: 1_000_000 + 90 * 86_400_000 }, 1_000_000), { do: 'wait', ms: 3_600_000 });
  });
});
