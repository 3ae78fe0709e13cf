export interface VersionInfo {
  major: string;
  minor: string;
  gitVersion: string;
  gitCommit: string;
  gitTreeState: string;
  buildDate: string;
  goVersion: string;
  compiler: string;
  platform: string;
}

/** Clients choose what they may ask for by these numbers: the Kubernetes release whose API this server speaks. */
const kubernetes = { major: '1', minor: '32', patch: '0' };

export interface Build {
  /** River's own version, without a leading v. */
  version: string;
  commit?: string;
  /** RFC 3339. */
  date?: string;
  /** Such as `linux/amd64`. */
  platform?: string;
}

/** What `/version` answers. River's version is the build metadata of the Kubernetes version, so both can be read from one string. */
export const versionInfo = ({ version, commit = '', date = '1970-01-01T00:00:00Z', platform = 'linux/amd64' }: Build): VersionInfo => ({
  major: kubernetes.major,
  minor: kubernetes.minor,
  gitVersion: `v${kubernetes.major}.${kubernetes.minor}.${kubernetes.patch}+river.${version}`,
  gitCommit: commit,
  gitTreeState: 'clean',
  buildDate: date,
  goVersion: '',
  compiler: 'node',
  platform,
});
