/** What our containers are known by. They hold no secret, and nothing that a Placement says of its program. */
export const labels = {
  node: 'river.dev/node',
  uid: 'river.dev/placement-uid',
  epoch: 'river.dev/epoch',
  namespace: 'river.dev/namespace',
  name: 'river.dev/placement',
  sandbox: 'river.dev/sandbox',
} as const;

export const containerName = (uid: string, epoch: number): string => `river-${uid}-${epoch}`;
