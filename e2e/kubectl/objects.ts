import type { KubeObject } from '@river/crds';
import { stringify } from 'yaml';

/** What many tests write. Each call gives a new object. */

export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

export const task = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'river.dev/v1',
  kind: 'Task',
  metadata: { name, ...metadata },
  spec: { image: 'busybox', command: ['true'], ...spec },
});

export const taskSet = (name: string, spec: object = {}) => ({
  apiVersion: 'river.dev/v1',
  kind: 'TaskSet',
  metadata: { name },
  spec: { count: 3, template: { spec: { image: 'busybox', command: ['true'] } }, ...spec },
});

export const ownedBy = (owner: KubeObject, more: object = {}) => ({
  ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid, ...more }],
});

/** A group of its own for one test, so that tests do not meet in what is cluster-wide. */
export const widgetGroup = (id: string): string => `${id}.example.com`;

interface WidgetOptions {
  scope?: 'Namespaced' | 'Cluster';
  spec?: object;
  version?: object;
  versions?: object[];
}

/** A foreign kind `Widget`. */
export const widgetCrd = (id: string, { scope = 'Namespaced', spec = {}, version = {}, versions }: WidgetOptions = {}) => {
  const group = widgetGroup(id);
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', ...spec } } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope,
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: versions ?? [{ name: 'v1', served: true, storage: true, schema, ...version }],
    },
  };
};

export const widget = (id: string, name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: `${widgetGroup(id)}/v1`,
  kind: 'Widget',
  metadata: { name, ...metadata },
  spec,
});

/** Several objects as one file. */
export const documents = (objects: readonly unknown[]): string => objects.map((object) => stringify(object)).join('---\n');

export const json = (object: unknown): string => JSON.stringify(object);
