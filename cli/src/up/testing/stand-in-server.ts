import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';

/** Keeps the contract between `up` and the API server, and nothing more: flags, one ready line, /readyz, a clean end on SIGTERM. */
const text = { type: 'string' } as const;
const options = {
  store: text,
  bind: text,
  port: text,
  cert: text,
  key: text,
  'token-file': text,
  'client-ca': text,
  'client-ca-key': text,
  'requestheader-client-ca': text,
  'account-keys': text,
  policies: text,
  'secret-keys': text,
  'audit-dir': text,
} as const;
const { values } = parseArgs({ options, strict: true });
const file = (path = '') => readFileSync(path, 'utf8');

if (values.store === 'etcd://broken:1') {
  process.stderr.write('{"level":"error","message":"etcd does not answer"}\n');
  process.exit(4);
}
const server = createServer({ cert: file(values.cert), key: file(values.key) }, (request, response) => {
  if (request.url === '/version') response.end('{"gitVersion":"v1.36.0+river"}');
  else if (request.url === '/secret-keys') response.end('{"use":"k-1","isSettled":true,"problem":null,"plain":0,"unreadable":0,"keys":[]}');
  else if (request.url === '/audit-head') response.end('{"seq":1,"hash":"0","problem":null,"leftOut":0}');
  else if (request.url === '/die') process.exit(9);
  else response.end('ok');
});
server.listen(Number(values.port), values.bind, () => {
  const { port } = server.address() as AddressInfo;
  process.stderr.write(`{"level":"info","message":"serving with ${values.store}"}\n`);
  process.stdout.write(`${JSON.stringify({ ready: true, url: `https://${values.bind}:${port}` })}\n`);
});
process.on('SIGTERM', () => server.close(() => process.exit(0)).closeAllConnections());
