import type { ApiClient, Discovery } from '@river/runtime';

/** What a command may use of the world. The client and discovery are made when they are first asked for. */
export interface Context {
  /** Whether the person asked for JSON: then `say` is silent, and `result` speaks. */
  isJson: boolean;
  /** The namespace that -n names; the client knows the one that is meant otherwise. */
  namespaceFlag: string | undefined;
  env: NodeJS.ProcessEnv;
  client(): Promise<ApiClient>;
  /** The same person at another server of the cluster. */
  clientAt(server: string): Promise<ApiClient>;
  discovery(): Promise<Discovery>;
  /** Asks again what is served, after new kinds were made. */
  rediscover(): Promise<Discovery>;
  /** A line for a person. */
  say(line: string): void;
  /** A line for a person, beside the output. */
  note(line: string): void;
  /** The one JSON document of a command that was run with --json. */
  result(value: unknown): void;
  /** Output as it is, whatever the mode. */
  write(text: string): void;
  /** Bytes to stdout; resolves when there is room for more. */
  writeBytes(bytes: Uint8Array): Promise<void>;
  /** The same to stderr. */
  writeErrorBytes(bytes: Uint8Array): Promise<void>;
  /** Whether a person looks at stdout. */
  isTerminal: boolean;
  /** Aborted by Ctrl-C and the like. Who asks for it must put things in order when it is; nobody else is kept alive. */
  interrupted(): AbortSignal;
  readStdin(): Promise<string>;
  wallMs(): number;
}
