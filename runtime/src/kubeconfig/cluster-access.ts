/** How to reach one API server, and as whom. Files named in a kubeconfig have been read; only `tokenFile` is read again as it rotates. */
export interface ClusterAccess {
  /** `https://host:port` with an optional path, without a slash at the end. */
  server: string;
  /** PEM; the system's authorities when left out. */
  certificateAuthority?: string;
  insecureSkipTlsVerify?: boolean;
  tlsServerName?: string;
  /** PEM, both or none. */
  clientCertificate?: { certificate: string; key: string };
  token?: string;
  /** Wins over `token` while it can be read. */
  tokenFile?: string;
  /** Asked for a token or a certificate when a request needs one. */
  exec?: ExecPlugin;
  basic?: { username: string; password: string };
  impersonate?: { user: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  /** What commands mean when they name no namespace. */
  namespace: string;
  /** The context that this came from, for people. */
  context?: string;
}

/** A program that gives a credential, as Kubernetes' clients run it. */
export interface ExecPlugin {
  /** Where it is named, for people. */
  place: string;
  /** The kubeconfig: a command that is a path is relative to its folder. */
  file: string;
  command: string;
  args: readonly string[];
  apiVersion: string;
  /** Whether it may ask a person. */
  mode: 'Never' | 'IfAvailable' | 'Always';
  /** What to do when it is not there. */
  hint: string;
  /** The whole environment. */
  env: Readonly<Record<string, string | undefined>>;
  /** What it is told of the cluster. */
  cluster?: Readonly<Record<string, string | boolean>>;
}
