import type { JsonObject } from '@river/crds';

export interface UserInfo {
  username: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

/** One write, as admission sees it. */
export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  /** Null on DELETE. */
  object: JsonObject | null;
  /** Null on CREATE. */
  oldObject: JsonObject | null;
  resource: { group: string; version: string; resource: string; subresource?: string };
  kind: { group: string; version: string; kind: string };
  name: string;
  /** Undefined for what has no namespace. */
  namespace?: string;
  namespaceObject?: JsonObject | undefined;
  userInfo: UserInfo;
  dryRun?: boolean;
  options?: JsonObject;
  uid?: string;
}

/** The `request` variable, in the form of an AdmissionReview's request. */
export const requestJson = (request: AdmissionRequest): JsonObject => {
  const { group, version, resource, subresource = '' } = request.resource;
  const gvr = { group, version, resource };
  const { username, uid, groups = [], extra } = request.userInfo;
  return {
    uid: request.uid ?? '',
    kind: request.kind,
    resource: gvr,
    subResource: subresource,
    requestKind: request.kind,
    requestResource: gvr,
    requestSubResource: subresource,
    name: request.name,
    ...(request.namespace !== undefined && { namespace: request.namespace }),
    operation: request.operation,
    userInfo: { username, ...(uid !== undefined && { uid }), groups, ...(extra && { extra }) },
    dryRun: request.dryRun ?? false,
    options: request.options ?? null,
  };
};
