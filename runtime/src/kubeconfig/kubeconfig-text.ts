/** What a kubeconfig for one server and one user says. Everything is in it: it depends on no other file. */
export interface KubeconfigContent {
  server: string;
  /** PEM. */
  authority: string;
  user: string;
  credentials: { token: string } | { certificate: string; key: string };
  namespace?: string;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** JSON is YAML too, and read without a parser for it. */
export function kubeconfigText({ server, authority, user, credentials, namespace }: KubeconfigContent): string {
  const shown =
    'token' in credentials
      ? { token: credentials.token }
      : { 'client-certificate-data': base64(credentials.certificate), 'client-key-data': base64(credentials.key) };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'river',
    contexts: [{ name: 'river', context: { cluster: 'river', user, ...(namespace && { namespace }) } }],
    clusters: [{ name: 'river', cluster: { server, 'certificate-authority-data': base64(authority) } }],
    users: [{ name: user, user: shown }],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
