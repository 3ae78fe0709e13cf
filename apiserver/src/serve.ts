import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { logger, readKeyRing, systemClock, systemRandom } from '@river/runtime';
import { authenticateBy, tokenAuthenticator } from './authentication/authenticate.ts';
import { certificateAuthenticator } from './authentication/client-certificates.ts';
import { people } from './authentication/people.ts';
import { loadTokens, staticTokens } from './authentication/static-tokens.ts';
import { secretEncryption } from './encryption/secret-encryption.ts';
import { startApiServer } from './start-api-server.ts';
import { openStore } from './store/open-store.ts';

/** The program proper: reads its flags, serves, says that it is ready on stdout, ends on SIGTERM. */

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'memory' },
    bind: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '6443' },
    cert: { type: 'string' },
    key: { type: 'string' },
    'token-file': { type: 'string' },
    /** Whose certificates show who a client is. */
    'client-ca': { type: 'string' },
    /** A folder of ValidatingAdmissionPolicies, as YAML, that shall hold. */
    policies: { type: 'string' },
    /** The key ring that Secrets are sealed with. */
    'secret-keys': { type: 'string' },
    /** Keeps Secrets as they are written. */
    'no-secret-encryption': { type: 'boolean', default: false },
  },
});

const needed = (name: 'cert' | 'key' | 'token-file'): string => {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} FILE is missing`);
  return value;
};

/** Secrets in clear are something to ask for, never something that comes of a forgotten flag. */
const secretKeys = () => {
  const file = values['secret-keys'];
  if (file !== undefined && values['no-secret-encryption']) throw new Error('--secret-keys and --no-secret-encryption exclude each other');
  if (file !== undefined) return { file, ring: readKeyRing(file) };
  if (values['no-secret-encryption']) return undefined;
  throw new Error('--secret-keys FILE is missing (--no-secret-encryption keeps Secrets as they are written)');
};

const { version }: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const log = logger({ clock: systemClock });

try {
  const tokens = await loadTokens(needed('token-file'));
  const keys = secretKeys();
  const server = await startApiServer({
    encryption: secretEncryption({ store: await openStore(values.store), keys, clock: systemClock, log }),
    bind: values.bind,
    port: Number(values.port),
    cert: readFileSync(needed('cert')),
    key: readFileSync(needed('key')),
    clientCa: values['client-ca'] === undefined ? undefined : readFileSync(values['client-ca']),
    authenticate: ({ feed }) =>
      authenticateBy([certificateAuthenticator(systemClock.wallMs), tokenAuthenticator(staticTokens(tokens))], people(feed).complete),
    policies: values.policies,
    version,
    clock: systemClock,
    random: systemRandom,
    log,
  });
  const stop = () => {
    log.info('stopping');
    server.close().then(
      () => process.exit(0),
      (error) => {
        log.error('did not stop cleanly', { error });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Not only at a clean exit: a server that is killed should start as quickly the next time.
  flushCompileCache();
  process.stdout.write(`${JSON.stringify({ ready: true, url: server.url })}\n`);
} catch (error) {
  log.error('the API server could not start', { error });
  process.exit(1);
}
