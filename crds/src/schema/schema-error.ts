/** A kind says something that a Kubernetes API server could not serve. Thrown while the kind is being defined, never later. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
  readonly path: string;

  /** @param path where, such as `Task.spec.targets[]`; @param problem what is wrong and what to write instead */
  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.path = path;
  }
}
