import type { CustomResourceDefinition } from '@river/crds';

export interface WidgetOptions {
  kind?: string;
  group?: string;
  scope?: 'Namespaced' | 'Cluster';
  spec?: Partial<CustomResourceDefinition['spec']>;
  names?: Partial<CustomResourceDefinition['spec']['names']>;
  schema?: NonNullable<CustomResourceDefinition['spec']['versions'][number]['schema']>['openAPIV3Schema'];
  hasStatus?: boolean;
}

/** The definition of a small foreign kind, `widgets.example.com` unless told otherwise. */
export function widgetDefinition(options: WidgetOptions = {}): CustomResourceDefinition {
  const { kind = 'Widget', group = 'example.com', scope = 'Namespaced', names, spec, schema, hasStatus = true } = options;
  const plural = names?.plural ?? `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { plural, kind, ...names },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: schema ?? {
              type: 'object',
              properties: {
                spec: { type: 'object', properties: { size: { type: 'integer' }, color: { type: 'string' } } },
                status: { type: 'object', properties: { ready: { type: 'boolean' } } },
              },
            },
          },
          ...(hasStatus && { subresources: { status: {} } }),
          selectableFields: [],
        },
      ],
      ...spec,
    },
  };
}
