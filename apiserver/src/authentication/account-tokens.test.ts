import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { beforeEach, describe, it } from 'node:test';
import { objectKey } from '../object/object-key.ts';
import { temporaryAccountKeys } from './account-keys.ts';
import { type AccountTokens, accountsPrefix, accountTokens, type BoundKind, boundKinds } from './account-tokens.ts';
import { longestToken } from './signed-claims.ts';

const issuer = 'https://issuer.test';
const keys = temporaryAccountKeys();
const startMs = Date.UTC(2030, 0, 1);
const account = { name: 'robot', uid: 'u1' };
const user = 'system:serviceaccount:lab:robot';

const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const decode = (part: string | undefined) => JSON.parse(Buffer.from(part ?? '', 'base64url').toString());

describe('the token of an account', () => {
  let nowMs = startMs;
  let objects: Map<string, { uid: string; isDeleting: boolean }>;
  let tokens: AccountTokens;
  const put = (prefix: string, namespace: string, name: string, uid: string, isDeleting = false) =>
    objects.set(objectKey(prefix, namespace, name), { uid, isDeleting });
  beforeEach(() => {
    nowMs = startMs;
    objects = new Map();
    put(accountsPrefix, 'lab', 'robot', 'u1');
    // Of the caches only look-ups are needed.
    const feed = { cacheOf: () => ({ get: (key: string) => objects.get(key) }) } as unknown as Parameters<typeof accountTokens>[0]['feed'];
    tokens = accountTokens({ feed, keys, issuer, nowMs: () => nowMs });
  });
  const issue = (more: Partial<Parameters<AccountTokens['issue']>[0]> = {}): string =>
    tokens.issue({ namespace: 'lab', account, audiences: [issuer], seconds: 600, ...more }).token;
  const who = (token: string, audience?: string): string | undefined => tokens.read(token, '', audience)?.username;

  /** A token that says what a real one says, but for what the test changes, signed by `key`. */
  const forged = (head: object, claims: object, key: KeyObject = keys.signing.key): string => {
    const [header, body] = issue().split('.');
    const signed = `${encode({ ...decode(header), ...head })}.${encode({ ...decode(body), ...claims })}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };

  it('says whose it is, with what Kubernetes says of accounts', () => {
    const requester = tokens.read(issue(), '');
    assert.deepEqual(
      [requester?.username, requester?.uid, requester?.groups],
      [user, 'u1', ['system:serviceaccounts', 'system:serviceaccounts:lab', 'system:authenticated']],
    );
    assert.match(String(requester?.extra['authentication.kubernetes.io/credential-id']), /^JTI=[0-9a-f-]{36}$/);
    assert.equal(who(forged({}, {})), user);
  });

  it("is nobody's when its signature is not by one of the keys, whatever its header says", () => {
    const [head = '', body = '', mark = ''] = issue().split('.');
    const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const publicPem = [...keys.verifying.values()][0]?.export({ type: 'spki', format: 'pem' }) ?? '';
    const hmacHead = encode({ ...decode(head), alg: 'HS256' });
    const hmac = createHmac('sha256', publicPem).update(`${hmacHead}.${body}`).digest('base64url');
    const flipped = `${mark[0] === 'A' ? 'B' : 'A'}${mark.slice(1)}`;
    const attacks: Record<string, string> = {
      'alg none': `${encode({ ...decode(head), alg: 'none' })}.${body}.`,
      'alg none, with a signature': `${encode({ ...decode(head), alg: 'none' })}.${body}.${mark}`,
      'the public key as a secret': `${hmacHead}.${body}.${hmac}`,
      'ES256 in small letters': forged({ alg: 'es256' }, {}),
      'another key': forged({}, {}, stranger.privateKey),
      'another key that it brings itself': forged({ jwk: stranger.publicKey.export({ format: 'jwk' }) }, {}, stranger.privateKey),
      'another key that it points to': forged({ jku: 'https://evil.test/jwks', x5u: 'https://evil.test/x' }, {}, stranger.privateKey),
      'a key id that is not known': forged({ kid: 'other' }, {}),
      'a key id that every object has': forged({ kid: 'constructor' }, {}),
      'no key id': forged({ kid: undefined }, {}),
      'an extension that must be understood': forged({ crit: ['exp'] }, {}),
      'a changed signature': `${head}.${body}.${flipped}`,
      'a zero signature': `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
      'changed claims': `${head}.${encode({ ...decode(body), sub: 'system:serviceaccount:lab:admin' })}.${mark}`,
      'a signature in DER': `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), keys.signing.key).toString('base64url')}`,
      'a truncated signature': issue().slice(0, -1),
      'no signature': `${head}.${body}`,
      'an empty signature': `${head}.${body}.`,
      'one part more': `${issue()}.x`,
      'claims that are no JSON': `${head}.${encode('no json')}.${mark}`,
      'a header that is a list': `${encode('[]')}.${body}.${mark}`,
      nothing: '',
      dots: '..',
    };
    for (const [what, token] of Object.entries(attacks)) assert.equal(who(token), undefined, what);
  });

  it("is nobody's when it says what is not so, even under a good signature", () => {
    const now = startMs / 1000;
    const about = (more: object) => ({ 'kubernetes.io': { namespace: 'lab', serviceaccount: account, ...more } });
    const claims: Record<string, object> = {
      'another issuer': { iss: 'https://other.test' },
      'no issuer': { iss: undefined },
      'another audience': { aud: ['other'] },
      'no audience': { aud: undefined },
      'an audience that only begins so': { aud: [`${issuer}.evil`] },
      'that it has expired': { exp: now - 60 },
      'no end': { exp: undefined },
      'an end in words': { exp: '9999999999' },
      'that it is not valid yet': { nbf: now + 60 },
      'no beginning': { nbf: undefined },
      'no id': { jti: undefined },
      'another subject': { sub: 'system:serviceaccount:lab:other' },
      'no account': about({ serviceaccount: undefined }),
      'an account without uid': about({ serviceaccount: { name: 'robot', uid: '' } }),
      'another namespace': about({ namespace: 'other' }),
      'a bond that is not understood': about({ pod: { name: 'p', uid: 'u' } }),
      'two bonds': about({ secret: { name: 's', uid: 'u' }, node: { name: 'n', uid: 'u' } }),
      'nothing of Kubernetes': { 'kubernetes.io': 'none' },
    };
    for (const [what, changed] of Object.entries(claims)) assert.equal(who(forged({}, changed)), undefined, what);
  });

  it('is not looked at when it is larger than any can be', () => {
    assert.equal(who(forged({}, { more: 'x'.repeat(longestToken) })), undefined);
    assert.equal(who('x'.repeat(10_000_000)), undefined);
  });

  it('is for those whom it names, and this server only when that is among them', () => {
    const token = issue({ audiences: ['vault', 'bank'] });
    assert.deepEqual([who(token), who(token, 'vault'), who(token, 'bank'), who(token, 'other')], [undefined, user, user, undefined]);
    assert.equal(who(issue({ audiences: ['vault', issuer] })), user);
  });

  it('ends with its time', () => {
    const token = issue({ seconds: 600 });
    nowMs = startMs + 599_000;
    assert.equal(who(token), user);
    nowMs = startMs + 611_000;
    assert.equal(who(token), undefined);
    nowMs = startMs - 11_000;
    assert.equal(who(token), undefined);
  });

  it('ends with its account, though one of the same name is made anew', () => {
    const token = issue();
    assert.equal(who(token), user);
    put(accountsPrefix, 'lab', 'robot', 'u1', true);
    assert.equal(who(token), undefined, 'being deleted');
    objects.clear();
    assert.equal(who(token), undefined, 'gone');
    put(accountsPrefix, 'lab', 'robot', 'u2');
    assert.equal(who(token), undefined, 'made anew');
    assert.equal(who(issue({ account: { name: 'robot', uid: 'u2' } })), user);
  });

  it('ends with what it is bound to', () => {
    for (const kind of ['secret', 'placement', 'node'] as const satisfies BoundKind[]) {
      const { prefix, isNamespaced } = boundKinds[kind];
      const namespace = isNamespaced ? 'lab' : '';
      const token = issue({ bound: { kind, object: { name: 'b', uid: 'b1' } } });
      assert.equal(who(token), undefined, `${kind} is not there`);
      put(prefix, namespace, 'b', 'b1');
      assert.equal(who(token), user, kind);
      put(prefix, namespace, 'b', 'b1', true);
      assert.equal(who(token), undefined, `${kind} is being deleted`);
      put(prefix, namespace, 'b', 'b2');
      assert.equal(who(token), undefined, `${kind} was made anew`);
    }
  });

  it('says which node or placement it is bound to', () => {
    for (const [kind, key] of [
      ['node', 'authentication.kubernetes.io/node'],
      ['placement', 'authentication.river.dev/placement'],
    ] as const) {
      put(boundKinds[kind].prefix, kind === 'node' ? '' : 'lab', 'b', 'b1');
      const extra = tokens.read(issue({ bound: { kind, object: { name: 'b', uid: 'b1' } } }), '')?.extra ?? {};
      assert.deepEqual([extra[`${key}-name`], extra[`${key}-uid`]], [['b'], ['b1']]);
    }
  });

  it('costs microseconds once it is known, also after a flood of others', () => {
    const token = issue();
    who(token);
    for (let at = 0; at < 1_000; at++) who(`${token.slice(0, -4)}${String(at).padStart(4, 'A')}`);
    const beginMs = performance.now();
    for (let at = 0; at < 10_000; at++) assert.equal(who(token), user);
    const each = ((performance.now() - beginMs) / 10_000) * 1000;
    assert.ok(each < 50, `${each} µs`);
  });
});
