/** Where a kind is served. The core group is the empty string. */
export interface ResourceRef {
  group: string;
  version: string;
  plural: string;
  namespaced: boolean;
  kind?: string;
}

/**
 * `/apis/<group>/<version>/namespaces/<namespace>/<plural>/<name>/<subresource>`, without the parts that do not apply.
 * @throws TypeError when a namespaced object is addressed without its namespace: it would be another URL, not a missing detail.
 */
export function resourcePath(
  ref: ResourceRef,
  at: { namespace?: string; name?: string; subresource?: string },
  needsNamespace = at.name !== undefined,
): string {
  const root = ref.group === '' ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`;
  if (ref.namespaced && needsNamespace && !at.namespace) throw new TypeError(`${ref.plural} ${at.name ?? ''} needs a namespace`);
  const parts = [
    ...(ref.namespaced && at.namespace ? ['namespaces', at.namespace] : []),
    ref.plural,
    ...(at.name === undefined ? [] : [at.name]),
    ...(at.subresource ? [at.subresource] : []),
  ];
  return `${root}/${parts.map(encodeURIComponent).join('/')}`;
}
