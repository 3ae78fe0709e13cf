/** The user that a ServiceAccount is. */
export const accountUsername = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;

/** The groups that a ServiceAccount is of. */
export const accountGroups = (namespace: string): string[] => ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
