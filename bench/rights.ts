import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile, round } from './api/measure.ts';
import { connections, personOf, policies, type RunningServer, startServer } from './api/processes.ts';
import type { Answer, Call, Connection } from './api/wire.ts';

const bindings = 1_000;
const morePolicies = 12;
const patched = 100;
const budgetMs = 0.2;
const token = 'the-token-of-bob';
const group = 'rbac.authorization.k8s.io';
const namespace = 'bench';
const tasks = `/apis/river.dev/v1/namespaces/${namespace}/tasks`;

/** Bob is known by a token, and bound by one of a thousand bindings through a group; the policies that `up` loads hold. */
const guard = { flags: { policies }, people: [personOf(token, 'bob', 'staff', 'lab-7', 'vision')] };

const task = (name: string) => ({
  apiVersion: 'river.dev/v1',
  kind: 'Task',
  metadata: { name, labels: { run: 'bench' } },
  spec: { image: 'busybox', command: ['sh', '-c', 'echo hello'], env: [{ name: 'A', value: 'b' }], resources: { cpu: 1, memory: '1Gi' } },
});

const policy = (name: string, at: number) => ({
  metadata: { name },
  spec: {
    matchConstraints: {
      resourceRules: [{ apiGroups: ['river.dev'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['tasks'] }],
    },
    variables: [{ name: 'labels', expression: 'has(object.metadata.labels) ? object.metadata.labels : {}' }],
    validations: [
      { expression: `object.metadata.name != 'forbidden-${at}'`, message: 'not this name' },
      { expression: `!('bad-${at}' in variables.labels)`, message: 'not this label' },
      { expression: `!has(object.spec.env) || object.spec.env.all(each, each.name != 'FORBIDDEN_${at}')`, message: 'not this variable' },
    ],
  },
});

async function ok(from: Connection, method: string, path: string, body: object): Promise<void> {
  check(await from.send({ method, path, body: JSON.stringify(body) }));
}

function check(answer: Answer): void {
  if (answer.status >= 300) throw new Error(`answered with ${answer.status}: ${answer.body.subarray(0, 500)}`);
}

const makeNamespace = (admin: Connection) => ok(admin, 'POST', '/api/v1/namespaces', { metadata: { name: namespace } });

async function fill(admin: Connection): Promise<void> {
  const subject = (kind: string, name: string) => ({ kind, apiGroup: group, name });
  for (let at = 0; at < bindings; at++) {
    const isBobs = at === 500;
    const roleRef = { apiGroup: group, kind: 'ClusterRole', name: at % 3 === 0 ? 'viewer' : 'user' };
    const subjects = [isBobs ? subject('Group', 'vision') : subject(at % 2 === 0 ? 'User' : 'Group', `somebody-${at % 300}`)];
    const isOfCluster = at % 10 === 1;
    const under = isOfCluster ? 'clusterrolebindings' : `namespaces/${namespace}/rolebindings`;
    await ok(admin, 'POST', `/apis/${group}/v1/${under}`, {
      metadata: { name: `b-${at}` },
      roleRef: isBobs ? { ...roleRef, name: 'user' } : roleRef,
      subjects,
    });
  }
  const under = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic';
  for (let at = 0; at < morePolicies; at++) {
    const name = `bench-${at}`;
    await ok(admin, 'POST', `${under}ies`, policy(name, at));
    await ok(admin, 'POST', `${under}ybindings`, { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } });
  }
}

const shipped = () => readdirSync(policies).filter((name) => name.endsWith('.yaml')).length;

interface Side {
  name: 'bare' | 'guarded';
  server: RunningServer;
  from: Connection;
}

let made = 0;
const calls: Readonly<Record<string, () => Call>> = {
  get: () => ({ method: 'GET', path: `${tasks}/first` }),
  list: () => ({ method: 'GET', path: `${tasks}?limit=10`, discards: true }),
  create: () => ({ method: 'POST', path: tasks, body: JSON.stringify(task(`t-${made++}`)) }),
  patch: () => ({
    method: 'PATCH',
    // Another one each time: what was written a moment ago is decided on twice, since the cache may not have it yet.
    path: `${tasks}/patched-${made % patched}`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { annotations: { at: String(made++) } } }),
  }),
};

const inTurn = 10;

/** The same calls to both, some at a time in turn, so that what else the machine does meets both alike. */
async function compare(sides: readonly Side[], next: () => Call, count: number): Promise<Record<string, number>> {
  const took: Record<Side['name'], number[]> = { bare: [], guarded: [] };
  for (let at = 0; at < count / inTurn; at++)
    for (const { name, from } of at % 2 === 0 ? sides : sides.toReversed())
      for (let each = 0; each < inTurn; each++) {
        const call = next();
        const startMs = performance.now();
        const answer = await from.send(call);
        took[name].push(performance.now() - startMs);
        check(answer);
      }
  const [bareP50Ms, guardedP50Ms] = [percentile(took.bare, 50), percentile(took.guarded, 50)];
  return {
    bareP50Ms: round(bareP50Ms),
    guardedP50Ms: round(guardedP50Ms),
    addedP50Ms: Math.round((guardedP50Ms - bareP50Ms) * 1_000) / 1_000,
  };
}

async function startSides(dir: string): Promise<Side[]> {
  const bare = await startServer(join(dir, 'bare'), 'memory');
  const guarded = await startServer(join(dir, 'guarded'), 'memory', guard);
  const sides: Side[] = [];
  for (const [name, server] of [
    ['bare', bare],
    ['guarded', guarded],
  ] as const) {
    const [admin] = await connections(server.target, 1);
    const [from] = await connections(name === 'bare' ? server.target : { ...server.target, token }, 1);
    if (!admin || !from) throw new Error('no connection');
    await makeNamespace(admin);
    if (name === 'guarded') await fill(admin);
    for (const name of ['first', ...Array.from({ length: patched }, (_, at) => `patched-${at}`)]) await ok(from, 'POST', tasks, task(name));
    admin.close();
    sides.push({ name, server, from });
  }
  return sides;
}

/**
 * `./river bench rights`: what authentication, authorization at 1,000 bindings and 20 policies add to a request, beside a server whose
 * admin no role can lock out and that has no policies. Exits 1 when the budget does not hold.
 */
export async function benchRights(args: string[]): Promise<number> {
  const count = args.includes('--quick') ? 500 : 8_000;
  const dir = mkdtempSync(join(tmpdir(), 'river-bench-'));
  const sides = await startSides(dir);
  const figures: Record<string, Record<string, number>> = {};
  try {
    for (const next of Object.values(calls)) await compare(sides, next, 300);
    for (const [name, next] of Object.entries(calls)) figures[name] = await compare(sides, next, count);
  } finally {
    for (const { server, from } of sides) {
      from.close();
      await server.stop();
    }
    rmSync(dir, { recursive: true, force: true });
  }
  const isHeld = Object.values(figures).every(({ addedP50Ms = 0 }) => addedP50Ms <= budgetMs);
  process.stdout.write(
    `${JSON.stringify({ bindings, policies: { shipped: shipped(), more: morePolicies }, budgetMs, isHeld, figures }, null, 2)}\n`,
  );
  return isHeld ? 0 : 1;
}
