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
  basic?: { username: string; password: string };
  impersonate?: { user: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  /** What commands mean when they name no namespace. */
  namespace: string;
  /** The context that this came from, for people. */
  context?: string;
}
