import assert from 'node:assert/strict';
import { it } from 'node:test';
import { gatewayAddresses } from './gateway-addresses.ts';

const map = (data: Record<string, string>) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'gateway' }, data });

it('finds gateways by their addresses, or by a port on the host of the API server', () => {
  assert.deepEqual(gatewayAddresses(map({ port: '8000' }), 'https://[::1]:6443/sub'), ['https://[::1]:8000']);
  assert.deepEqual(gatewayAddresses(map({ addresses: 'https://a:1\nhttps://b:2\n' }), 'https://c:6443'), ['https://a:1', 'https://b:2']);
});

it('passes over what is no address of one, and takes sixteen at most', () => {
  assert.deepEqual(gatewayAddresses(undefined, 'https://c:6443'), []);
  assert.deepEqual(gatewayAddresses(map({ addresses: 'http://a:1 https://a/x ftp: x', port: '80a' }), 'https://c:6443'), []);
  const many = Array.from({ length: 99 }, (_, at) => `https://a:${at}`).join('\n');
  assert.equal(gatewayAddresses(map({ addresses: many }), 'https://c:6443').length, 16);
});
