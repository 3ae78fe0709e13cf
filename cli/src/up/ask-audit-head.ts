import { ApiError, isObject, type Json } from '@river/crds';
import type { ApiClient } from '@river/runtime';

export interface AuditHead {
  /** The last line of the audit log as `riverctl audit verify --after` takes it. */
  head: string;
  /** Why the log cannot be written. */
  problem: string | undefined;
}

/** Undefined when the server keeps no audit log. */
export const askAuditHead = async (client: ApiClient): Promise<AuditHead | undefined> => {
  try {
    const said = await client.json<Json>({ method: 'GET', path: '/audit-head', timeoutMs: 5_000 });
    if (!isObject(said)) return undefined;
    return { head: `${said.seq}:${said.hash}`, problem: typeof said.problem === 'string' ? said.problem : undefined };
  } catch (error) {
    if (ApiError.is(error, 'NotFound')) return undefined;
    throw error;
  }
};
