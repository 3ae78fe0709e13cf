/** The lease of whoever leads. Apart from those of the nodes, since a node may be called anything. */
export const leadLease = { namespace: 'river-system', name: 'river-controllers' } as const;
