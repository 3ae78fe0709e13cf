/** What a request wants to do, as rights are judged: something with a resource, or something with a path. */
export type Attributes = ResourceAttributes | PathAttributes;

export interface ResourceAttributes {
  verb: string;
  group: string;
  /** The plural. */
  resource: string;
  subresource: string;
  /** Empty outside of namespaces, and for all of them. */
  namespace: string;
  /** Empty for a collection, and for what has no name yet. */
  name: string;
  /** What the objects of a list or watch must say: the fields that a selector holds to one value. */
  fields?: Readonly<Record<string, string>>;
}

export interface PathAttributes {
  verb: string;
  path: string;
}

/** Who wants it. */
export interface Subject {
  username: string;
  groups: readonly string[];
}
