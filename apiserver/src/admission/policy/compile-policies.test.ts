import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '@river/crds';
import type { AdmissionRequest } from './admission-request.ts';
import { compilePolicies, type PolicyOptions, policyEnvironment } from './compile-policies.ts';
import { checkPolicy } from './compile-policy.ts';
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from './policy.ts';

type PolicySpec = ValidatingAdmissionPolicy['spec'];
type BindingSpec = ValidatingAdmissionPolicyBinding['spec'];

const deployments = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] };
const policy = (spec: Partial<PolicySpec>, name = 'p'): ValidatingAdmissionPolicy => ({
  metadata: { name },
  spec: { matchConstraints: { resourceRules: [deployments] }, ...spec },
});
const binding = (spec: Partial<BindingSpec> = {}, name = 'b'): ValidatingAdmissionPolicyBinding => ({
  metadata: { name },
  spec: { policyName: 'p', validationActions: ['Deny'], ...spec },
});

const request = (more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  operation: 'CREATE',
  object: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'team', labels: { app: 'web' } },
    spec: { replicas: 7 },
  },
  oldObject: null,
  resource: { group: 'apps', version: 'v1', resource: 'deployments' },
  kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
  name: 'web',
  namespace: 'team',
  namespaceObject: { metadata: { name: 'team', labels: { env: 'prod' } } },
  userInfo: { username: 'ada', groups: ['devs'] },
  ...more,
});

const outcome = (
  spec: Partial<PolicySpec>,
  more: { binding?: Partial<BindingSpec>; request?: Partial<AdmissionRequest>; options?: PolicyOptions } = {},
) => compilePolicies([policy(spec)], [binding(more.binding)], more.options).evaluate(request(more.request));

const denied = (...args: Parameters<typeof outcome>): boolean => outcome(...args).deny !== undefined;
const never = { validations: [{ expression: 'false' }] };

describe('admission policies', () => {
  it('deny in the words of Kubernetes, with the reason of the validation', () => {
    const { deny } = outcome({ validations: [{ expression: 'object.spec.replicas <= 5', message: 'too many' }] });
    assert.equal(
      deny?.message,
      `deployments.apps "web" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: too many`,
    );
    assert.deepEqual([deny?.reason, deny?.code], ['Invalid', 422]);
    assert.equal(deny?.details?.causes?.[0]?.message, `ValidatingAdmissionPolicy 'p' with binding 'b' denied request: too many`);
    const forbidden = outcome({ validations: [{ expression: 'false', reason: 'Forbidden' }] }).deny;
    assert.deepEqual([forbidden?.reason, forbidden?.code], ['Forbidden', 403]);
    assert.match(forbidden?.message ?? '', /failed expression: false$/);
  });

  it('let pass what every validation accepts', () => {
    assert.deepEqual(outcome({ validations: [{ expression: 'object.spec.replicas == 7' }, { expression: 'oldObject == null' }] }), {
      warnings: [],
      audit: {},
    });
  });

  it('say what messageExpression gives, or the message when it fails', () => {
    const say = (messageExpression: string) =>
      outcome({ validations: [{ expression: 'false', message: 'm', messageExpression }] }).deny?.message.split('request: ')[1];
    assert.equal(say("'has ' + string(object.spec.replicas)"), 'has 7');
    assert.equal(say('object.nope'), 'm');
    assert.equal(say("'  '"), 'm');
  });

  it('see request, user, namespace and old object', () => {
    const expression =
      "request.operation == 'UPDATE' && request.userInfo.username == 'ada' && 'devs' in request.userInfo.groups && namespaceObject.metadata.labels.env == 'prod' && oldObject.spec.replicas == 1 && request.resource.resource == 'deployments' && request.name == 'web' && !request.dryRun";
    assert.equal(
      denied({ validations: [{ expression }] }, { request: { operation: 'UPDATE', oldObject: { spec: { replicas: 1 } } } }),
      false,
    );
    assert.equal(
      denied(
        {
          matchConstraints: { resourceRules: [{ ...deployments, operations: ['DELETE'] }] },
          validations: [{ expression: 'object == null && oldObject != null' }],
        },
        { request: { operation: 'DELETE', object: null, oldObject: {} } },
      ),
      false,
    );
  });

  it('compute variables in order, once, and only when used', () => {
    const variables = [
      { name: 'replicas', expression: 'object.spec.replicas' },
      { name: 'twice', expression: 'variables.replicas * 2' },
      { name: 'broken', expression: 'object.nope.nope' },
    ];
    assert.equal(denied({ variables, validations: [{ expression: 'variables.twice == 14' }] }), false);
    assert.match(outcome({ variables, validations: [{ expression: 'variables.broken == 1' }] }).deny?.message ?? '', /no such key: nope/);
  });

  it('keep what an expression goes through apart from what a variable goes through meanwhile', () => {
    const variables = [{ name: 'all', expression: '[10, 20].all(x, x > 5) && [30].exists(x, x == 30)' }];
    const expression = '[1, 2].map(x, variables.all ? x : 0) == [1, 2] && [7].all(x, variables.all && x == 7)';
    assert.equal(denied({ variables, validations: [{ expression }] }), false);
  });

  it('follow failurePolicy when an expression fails', () => {
    const validations = [{ expression: 'object.spec.nope > 1' }];
    assert.match(outcome({ validations }).deny?.message ?? '', /expression 'object.spec.nope > 1' resulted in error: no such key: nope/);
    assert.equal(denied({ validations, failurePolicy: 'Ignore' }), false);
    assert.equal(denied({ validations: [{ expression: 'object.(' }] }), true);
    assert.equal(denied({ validations: [{ expression: 'object.(' }], failurePolicy: 'Ignore' }), false);
  });

  it('skip requests that a match condition excludes; an error counts only when none is false', () => {
    const condition = (expression: string) => ({ name: expression, expression });
    assert.equal(denied({ ...never, matchConditions: [condition("request.userInfo.username != 'ada'")] }), false);
    assert.equal(denied({ ...never, matchConditions: [condition("request.userInfo.username == 'ada'")] }), true);
    assert.equal(denied({ validations: [], matchConditions: [condition('object.nope')] }), true);
    assert.equal(denied({ validations: [], matchConditions: [condition('object.nope'), condition('false')] }), false);
  });

  it('match by group, version, resource, subresource, operation, scope and name', () => {
    const matches = (rule: object, more: Partial<AdmissionRequest> = {}, rest: object = {}) =>
      denied({ ...never, matchConstraints: { resourceRules: [{ ...deployments, ...rule }], ...rest } }, { request: more });
    const status = { resource: { group: 'apps', version: 'v1', resource: 'deployments', subresource: 'status' } };
    assert.equal(matches({}), true);
    assert.equal(matches({ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }), true);
    assert.equal(matches({ apiGroups: [''] }), false);
    assert.equal(matches({ operations: ['DELETE'] }), false);
    assert.equal(matches({ resources: ['pods'] }), false);
    assert.equal(matches({}, status), false);
    assert.equal(matches({ resources: ['*'] }, status), false);
    for (const resource of ['deployments/status', 'deployments/*', '*/status', '*/*'])
      assert.equal(matches({ resources: [resource] }, status), true, resource);
    assert.equal(matches({ scope: 'Cluster' }), false);
    assert.equal(matches({ scope: 'Namespaced' }), true);
    assert.equal(matches({ resourceNames: ['other'] }), false);
    assert.equal(matches({ resourceNames: ['web'] }), true);
    assert.equal(matches({ apiVersions: ['v1beta1'] }), true, 'equivalent versions are meant by default');
    assert.equal(matches({ apiVersions: ['v1beta1'] }, {}, { matchPolicy: 'Exact' }), false);
    assert.equal(matches({}, {}, { excludeResourceRules: [{ ...deployments, resourceNames: ['web'] }] }), false);
  });

  it('match by the labels of the namespace and of the object, old or new', () => {
    const matches = (rest: object, more: Partial<AdmissionRequest> = {}) =>
      denied(
        { ...never, matchConstraints: { resourceRules: [{ ...deployments, apiGroups: ['*'], resources: ['*'] }], ...rest } },
        { request: more },
      );
    assert.equal(matches({ namespaceSelector: { matchLabels: { env: 'prod' } } }), true);
    assert.equal(matches({ namespaceSelector: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] } }), false);
    const { namespace: _, namespaceObject: __, ...cluster } = request();
    assert.ok(
      compilePolicies(
        [policy({ ...never, matchConstraints: { resourceRules: [deployments], namespaceSelector: { matchLabels: { env: 'x' } } } })],
        [binding()],
      ).evaluate(cluster).deny,
    );
    assert.equal(matches({ objectSelector: { matchLabels: { app: 'web' } } }), true);
    assert.equal(matches({ objectSelector: { matchLabels: { app: 'x' } } }), false);
    assert.equal(matches({ objectSelector: { matchLabels: { app: 'x' } } }, { oldObject: { metadata: { labels: { app: 'x' } } } }), true);
    assert.equal(denied(never, { binding: { matchResources: { namespaceSelector: { matchLabels: { env: 'dev' } } } } }), false);
  });

  it('do what the binding says: deny, warn, audit', () => {
    const warned = outcome(never, { binding: { validationActions: ['Warn', 'Audit'] } });
    assert.equal(warned.deny, undefined);
    assert.deepEqual(warned.warnings, ["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: false"]);
    assert.deepEqual(JSON.parse(warned.audit['validation.policy.admission.k8s.io/validation_failure'] ?? ''), [
      { message: 'failed expression: false', policy: 'p', binding: 'b', expressionIndex: 0, validationActions: ['Warn', 'Audit'] },
    ]);
  });

  it('write audit annotations, and none for null', () => {
    const { audit } = outcome({
      auditAnnotations: [
        { key: 'replicas', valueExpression: "'n=' + string(object.spec.replicas)" },
        { key: 'none', valueExpression: 'null' },
      ],
    });
    assert.deepEqual(audit, { 'p/replicas': 'n=7' });
  });

  it('take parameters by name or selector, and say what happens without them', () => {
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
    const spec = { paramKind, validations: [{ expression: 'object.spec.replicas <= int(params.data.max)' }] };
    const objects: JsonObject[] = [
      { metadata: { name: 'a', labels: { x: '1' } }, data: { max: '9' } },
      { metadata: { name: 'b' }, data: { max: '3' } },
    ];
    const asked: unknown[] = [];
    const options: PolicyOptions = {
      getParams: (query) => {
        asked.push(query);
        return objects.filter((object) => query.name === undefined || (object.metadata as JsonObject).name === query.name);
      },
    };
    assert.equal(denied(spec, { options, binding: { paramRef: { name: 'a', parameterNotFoundAction: 'Deny' } } }), false);
    assert.deepEqual(asked, [{ ...paramKind, namespace: 'team', name: 'a' }]);
    assert.equal(denied(spec, { options, binding: { paramRef: { name: 'b', namespace: 'other' } } }), true);
    assert.equal(denied(spec, { options, binding: { paramRef: { selector: { matchLabels: { x: '1' } } } } }), false);
    assert.equal(denied(spec, { options, binding: { paramRef: { selector: {} } } }), true);
    assert.match(
      outcome(spec, { options, binding: { paramRef: { name: 'zz', parameterNotFoundAction: 'Deny' } } }).deny?.message ?? '',
      /no params found/,
    );
    assert.equal(denied(spec, { options, binding: { paramRef: { name: 'zz', parameterNotFoundAction: 'Allow' } } }), false);
    assert.equal(denied({ paramKind, validations: [{ expression: 'params == null' }] }), false);
  });

  it('may ask whether the user has other rights', () => {
    const asked: unknown[] = [];
    const options: PolicyOptions = {
      authorize: () => (question) => {
        asked.push(question);
        return { allowed: question.verb === 'deploy', reason: 'r' };
      },
    };
    const validations = [
      { expression: "authorizer.group('apps').resource('deployments').namespace('team').check('deploy').allowed()" },
      { expression: "authorizer.requestResource.check('nope').allowed() == false" },
      { expression: "authorizer.path('/healthz').check('get').reason() == 'r'" },
    ];
    assert.equal(denied({ validations: validations.slice(0, 2) }, { options }), false);
    assert.deepEqual(asked, [
      { group: 'apps', resource: 'deployments', namespace: 'team', verb: 'deploy' },
      { group: 'apps', resource: 'deployments', namespace: 'team', name: 'web', verb: 'nope' },
    ]);
    assert.equal(denied({ validations: validations.slice(2) }, { options }), false);
  });

  it('never judge themselves', () => {
    const all = { resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }] };
    assert.equal(
      denied(
        { ...never, matchConstraints: all },
        { request: { resource: { group: 'admissionregistration.k8s.io', version: 'v1', resource: 'validatingadmissionpolicies' } } },
      ),
      false,
    );
    assert.equal(
      denied(
        { ...never, matchConstraints: all },
        { request: { resource: { group: 'authorization.k8s.io', version: 'v1', resource: 'selfsubjectaccessreviews' } } },
      ),
      false,
    );
  });

  it('need a binding', () => {
    assert.equal(compilePolicies([policy(never)], []).evaluate(request()).deny, undefined);
  });

  it('are refused on admission when an expression does not compile', () => {
    const problems = checkPolicy(
      policy({
        validations: [{ expression: 'true' }, { expression: 'nope' }],
        variables: [{ name: 'a', expression: '1 +' }],
        matchConditions: [{ name: 'm', expression: '1' }],
      }),
      policyEnvironment(),
    );
    assert.deepEqual(
      problems.map(({ path }) => path),
      ['spec.matchConditions[0].expression', 'spec.variables[0].expression', 'spec.validations[1].expression'],
    );
    assert.equal(checkPolicy(policy({ validations: [{ expression: 'variables.nope' }] }), policyEnvironment()).length, 1);
  });

  it('cost next to nothing for a write that none of a hundred is about', () => {
    const policies = Array.from({ length: 100 }, (_, index) => policy(never, `p${index}`));
    const set = compilePolicies(
      policies,
      policies.map(({ metadata }) => binding({ policyName: metadata.name }, `b-${metadata.name}`)),
    );
    const other = request({ resource: { group: '', version: 'v1', resource: 'configmaps' } });
    const rounds = 50_000;
    const best = Math.min(
      ...Array.from({ length: 5 }, () => {
        const before = process.threadCpuUsage();
        for (let round = 0; round < rounds; round++) set.evaluate(other);
        const { user, system } = process.threadCpuUsage(before);
        return (user + system) / rounds;
      }),
    );
    assert.ok(best < 2, `${best} µs`);
  });
});
