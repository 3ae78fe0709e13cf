import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { type Authority, authorityOf, logger, readAuthority, readKeyRing, requireApart, systemClock, systemRandom } from '@river/runtime';
import { loadAccountKeys, temporaryAccountKeys } from './authentication/account-keys.ts';
import { accountTokens } from './authentication/account-tokens.ts';
import { authenticateBy, tokenAuthenticator, tokenJudge } from './authentication/authenticate.ts';
import { certificateAuthenticator } from './authentication/client-certificates.ts';
import type { Identity } from './authentication/identity.ts';
import { joinTokens } from './authentication/join-tokens.ts';
import { people } from './authentication/people.ts';
import { requestHeaderAuthenticator } from './authentication/request-headers.ts';
import { loadTokens, staticTokens } from './authentication/static-tokens.ts';
import { secretEncryption } from './encryption/secret-encryption.ts';
import { startApiServer } from './start-api-server.ts';
import type { Core } from './start-core.ts';
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
    /** The key of that authority: with it, what is approved is signed. */
    'client-ca-key': { type: 'string' },
    /** A folder of ValidatingAdmissionPolicies, as YAML, that shall hold. */
    policies: { type: 'string' },
    /** Whose certificates show that a client is a front door, which says itself who a request is from. */
    'requestheader-client-ca': { type: 'string' },
    'requestheader-allowed-names': { type: 'string', default: 'front-proxy' },
    /** PEM keys of accounts' tokens, the newest last; without it they end with this process. */
    'account-keys': { type: 'string' },
    /** Who says what accounts' tokens say; also the audience of this server. */
    'account-issuer': { type: 'string', default: 'https://river.internal' },
    /** The key ring that Secrets are sealed with. */
    'secret-keys': { type: 'string' },
    /** Keeps Secrets as they are written. */
    'no-secret-encryption': { type: 'boolean', default: false },
    /** The folder of this server's audit log. */
    'audit-dir': { type: 'string' },
    /** How much of it is kept, in MiB. */
    'audit-keep': { type: 'string', default: '1024' },
    /** Has all reads told of, too. */
    'audit-reads': { type: 'boolean', default: false },
  },
});

const needed = (name: 'cert' | 'key' | 'token-file' | 'client-ca'): string => {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} FILE is missing`);
  return value;
};

const authority = (name: 'client-ca' | 'requestheader-client-ca'): Authority | undefined => {
  const file = values[name];
  return file === undefined ? undefined : authorityOf(readFileSync(file, 'utf8'), file);
};

const { wallMs: nowMs } = systemClock;

/** Reads whatever tells who somebody is; gives what makes a judge of it, once there is a server. */
async function identities(clients: Authority | undefined, fronts: Authority | undefined): Promise<(core: Core) => Identity> {
  if (clients && fronts) requireApart(clients, fronts, '--client-ca and --requestheader-client-ca');
  const names = values['requestheader-allowed-names'].split(',');
  const admins = staticTokens(await loadTokens(needed('token-file')));
  const keyFile = values['account-keys'];
  const keys = keyFile === undefined ? temporaryAccountKeys() : await loadAccountKeys(keyFile);
  const issuer = values['account-issuer'];
  if (!URL.canParse(issuer)) throw new Error(`--account-issuer ${issuer} is no URL: it must be such as https://river.example`);
  return ({ feed, revocations }) => {
    const accounts = accountTokens({ feed, keys, issuer, nowMs });
    const { complete } = people(feed);
    const tokens = tokenJudge({ own: issuer, accounts: accounts.read, others: [admins, joinTokens(feed, nowMs)], complete });
    const ways = [
      ...(fronts ? [requestHeaderAuthenticator({ authority: fronts, names, nowMs })] : []),
      ...(clients ? [certificateAuthenticator(clients, nowMs, revocations)] : []),
      tokenAuthenticator(tokens.read),
    ];
    return { authenticate: authenticateBy(ways, complete), tokens, accounts };
  };
}

/** Secrets in clear are something to ask for, never something that comes of a forgotten flag. */
const secretKeys = () => {
  const file = values['secret-keys'];
  if (file !== undefined && values['no-secret-encryption']) throw new Error('--secret-keys and --no-secret-encryption exclude each other');
  if (file !== undefined) return { file, ring: readKeyRing(file) };
  if (values['no-secret-encryption']) return undefined;
  throw new Error('--secret-keys FILE is missing (--no-secret-encryption keeps Secrets as they are written)');
};

const auditOptions = () => {
  const dir = values['audit-dir'];
  if (dir === undefined) return undefined;
  const keep = Number(values['audit-keep']);
  if (!Number.isInteger(keep) || keep < 1)
    throw new Error(`--audit-keep ${values['audit-keep']} is no number of MiB: it must be 1 or more`);
  return { dir, keepBytes: keep * 1024 * 1024, isOfReads: values['audit-reads'] };
};

const { version }: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const log = logger({ clock: systemClock });

try {
  const [clients, fronts] = [authority('client-ca'), authority('requestheader-client-ca')];
  const identify = await identities(clients, fronts);
  const keys = secretKeys();
  const server = await startApiServer({
    encryption: secretEncryption({ store: await openStore(values.store), keys, clock: systemClock, log }),
    bind: values.bind,
    port: Number(values.port),
    cert: readFileSync(needed('cert')),
    key: readFileSync(needed('key')),
    authorities: [clients, fronts].flatMap((known) => known?.pem ?? []),
    identify,
    clientAuthorities: clients?.pem,
    clientAuthority: values['client-ca-key'] === undefined ? undefined : readAuthority(needed('client-ca'), values['client-ca-key']),
    policies: values.policies,
    audit: auditOptions(),
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
