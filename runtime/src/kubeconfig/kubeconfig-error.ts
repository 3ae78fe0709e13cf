/** Something in a kubeconfig, or its absence, that only a person can put right. One line: the place, the trouble, the way out. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}
