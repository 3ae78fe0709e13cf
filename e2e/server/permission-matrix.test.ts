import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { type Api, apiOf, mergeType } from './http.ts';
import { type RunningServer, startServer } from './start-server.ts';

const verbs = { g: 'get', l: 'list', w: 'watch', c: 'create', u: 'update', p: 'patch', d: 'delete', x: 'deletecollection' } as const;
type Letter = keyof typeof verbs;

/** One kind, or a part of one, as discovery tells of it. */
interface Served {
  /** `tasks/status.river.dev` */
  id: string;
  base: string;
  plural: string;
  subresource: string;
  isNamespaced: boolean;
  verbs: readonly string[];
}

interface Table {
  roles: string[];
  /** The letters of a kind, by role. */
  cells: Map<string, Record<string, string>>;
  /** Of kinds that have no row of their own. */
  others: Record<string, string> | undefined;
}

const text = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The table that follows a line of the page. */
function tableAfter(heading: string): Table {
  const start = text.indexOf(`\n${heading}\n`);
  assert.ok(start >= 0, `docs/security.md has no line "${heading}"`);
  const [header = '', , ...rest] = text.slice(text.indexOf('\n|', start) + 1).split('\n');
  const [, ...roles] = cellsOf(header);
  const table: Table = { roles, cells: new Map(), others: undefined };
  for (const line of rest.slice(
    0,
    rest.findIndex((each) => !each.startsWith('|')),
  )) {
    const [kinds = '', ...letters] = cellsOf(line);
    const row = Object.fromEntries(roles.map((role, at) => [role, letters[at] ?? '']));
    if (kinds === 'every other') table.others = row;
    else
      for (const kind of kinds.split(', ')) {
        assert.ok(!table.cells.has(kind), `${kind} stands twice after "${heading}"`);
        table.cells.set(kind, row);
      }
  }
  return table;
}

const inside = tableAfter('Bound in a namespace, and used there:');
const outside = tableAfter('Bound in a namespace, and used in another, or on what has no namespace:');
const everywhere = tableAfter('Bound everywhere:');

const home = 'home';
const abroad = 'abroad';
const bound = (how: string, role: string): string | null => (role === 'nobody' ? null : `${how}-${role}`);

async function servedKinds(api: Api): Promise<Served[]> {
  const { groups } = (await api.get('/apis')).json as { groups: { versions: { groupVersion: string }[] }[] };
  const bases = ['/api/v1', ...groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`))];
  const lists = await Promise.all(bases.map(async (base) => ({ base, list: (await api.get(base)).json })));
  return lists.flatMap(({ base, list }) =>
    (list.resources as { name: string; namespaced: boolean; verbs: string[] }[]).map(({ name, namespaced, verbs: known }) => {
      const [plural = '', subresource = ''] = name.split('/');
      const group = base === '/api/v1' ? '' : `.${base.split('/')[2]}`;
      return { id: name + group, base, plural, subresource, isNamespaced: namespaced, verbs: known };
    }),
  );
}

describe('the table of rights in docs/security.md', () => {
  let server: RunningServer;
  let api: Api;
  let served: Served[];
  before(async () => {
    const roles = everywhere.roles.filter((role) => role !== 'nobody');
    const names = roles.flatMap((role) => [`one-${role}`, `all-${role}`]);
    server = await startServer({
      store: 'memory',
      hasPolicies: true,
      users: Object.fromEntries(names.map((name) => [name, { groups: [] }])),
    });
    api = apiOf(server);
    for (const name of [home, abroad]) await api.create('/api/v1/namespaces', { metadata: { name } });
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const binding = (role: string, user: string) => ({
      metadata: { name: user },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'User', name: user }],
    });
    for (const role of roles.filter((each) => each !== 'stranger')) {
      await api.create(`${rbac}/namespaces/${home}/rolebindings`, binding(role, `one-${role}`));
      await api.create(`${rbac}/clusterrolebindings`, binding(role, `all-${role}`));
    }
    served = await servedKinds(api);
  });
  after(async () => {
    api?.close();
    await server?.stop();
  });

  /** Whether a request is let in. It is made so that nothing comes of it if it is: the right is judged before the body is read. */
  async function isLetIn(
    token: string | null,
    letter: Letter,
    { base, plural, subresource, isNamespaced }: Served,
    namespace: string,
  ): Promise<boolean> {
    const collection = `${base}${isNamespaced ? `/namespaces/${namespace}` : ''}/${plural}`;
    const one = `${collection}/absent${subresource && `/${subresource}`}`;
    if (letter === 'w') {
      const watching = api.watch(`${collection}?watch=1`, { token });
      const status = await watching.opened;
      watching.close();
      return judge(status);
    }
    const calls: Record<Exclude<Letter, 'w'>, () => ReturnType<Api['call']>> = {
      g: () => api.get(one, { token }),
      l: () => api.get(`${collection}?limit=1`, { token }),
      c: () => api.call('POST', subresource === '' ? collection : one, { token, body: '[]' }),
      u: () => api.call('PUT', one, { token, body: '[]' }),
      p: () => api.call('PATCH', one, { token, body: {}, type: mergeType }),
      d: () => api.call('DELETE', one, { token }),
      x: () => api.call('DELETE', `${collection}?labelSelector=no%3Dthing&dryRun=All`, { token }),
    };
    return judge((await calls[letter]()).status);
  }
  const judge = (status: number): boolean => {
    assert.ok(status < 500 && status !== 405, `answered with ${status}`);
    return status !== 401 && status !== 403;
  };

  async function checkTable(table: Table, how: 'one' | 'all', kinds: readonly Served[], namespace: string): Promise<number> {
    const wrong: string[] = [];
    let asked = 0;
    for (const kind of kinds) {
      const row = table.cells.get(kind.id) ?? table.others;
      assert.ok(row, `${kind.id} is served and stands in no row`);
      for (const role of table.roles) {
        const expected: string = row[role] ?? '';
        assert.match(expected, /^(–|[glwcupdx]+)$/, `${kind.id}, ${role}: "${expected}"`);
        for (const letter of Object.keys(verbs) as Letter[]) {
          const isWanted: boolean = expected.includes(letter);
          if (!kind.verbs.includes(verbs[letter])) {
            assert.ok(!isWanted, `${kind.id} has no verb ${verbs[letter]}, the table says that ${role} may`);
            continue;
          }
          asked++;
          const is = await isLetIn(bound(how, role), letter, kind, namespace);
          if (is !== isWanted) wrong.push(`${role} may ${isWanted ? 'not ' : ''}${verbs[letter]} ${kind.id} in ${namespace}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
    return asked;
  }
  const inNamespaces = () => served.filter(({ isNamespaced }) => isNamespaced);
  const isKnown = ({ cells }: Table) => [...cells.keys()].filter((id) => !served.some((kind) => kind.id === id));

  it('names no kind that is not served', () => {
    assert.deepEqual([inside, outside, everywhere].flatMap(isKnown), []);
    assert.deepEqual(
      [...inside.cells.keys()].filter((id) => !inNamespaces().some((kind) => kind.id === id)),
      [],
    );
  });

  it('holds where a role is bound', async () => assert.ok((await checkTable(inside, 'one', inNamespaces(), home)) > 500));

  it('holds in another namespace, and for what has none', async () => {
    assert.ok((await checkTable(outside, 'one', served, abroad)) > 1_000);
  });

  it('holds everywhere for who is bound everywhere', async () => {
    assert.ok((await checkTable(everywhere, 'all', served, abroad)) > 1_000);
  });

  it('opens a namespace to those who are bound in it, and gives its admin no power over nodes', async () => {
    const path = `/api/v1/namespaces/${home}`;
    const patch = (token: string, labels: object) => api.call('PATCH', path, { token, body: { metadata: { labels } }, type: mergeType });
    assert.equal((await api.get(path, { token: 'one-viewer' })).status, 200);
    assert.equal((await api.get(path.replace(home, abroad), { token: 'one-admin' })).status, 403);
    assert.equal((await patch('one-operator', { a: 'b' })).status, 403);
    assert.equal((await patch('one-admin', { a: 'b' })).status, 200);
    for (const power of ['privileged', 'host-paths', 'host-network']) {
      const refused = await patch('one-admin', { [`river.dev/allow-${power}`]: 'true' });
      assert.equal(refused.status, 403);
      assert.match(refused.json.message, /only who may `empower` namespaces/);
      assert.equal((await patch('all-admin', { [`river.dev/allow-${power}`]: 'true' })).status, 200);
      assert.equal((await patch('one-admin', { [`river.dev/allow-${power}`]: null })).status, 403);
    }
  });
});
