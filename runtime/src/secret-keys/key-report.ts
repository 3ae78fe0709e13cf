/** What an API server says of the keys that its Secrets are sealed with, for `./river keys`. */
export interface KeyReport {
  /** The key that Secrets are sealed with; null: none. */
  use: string | null;
  /** Nothing is sealed with another key or in clear, and no trace of either is left to be cleared; unreadable ones aside. */
  isSettled: boolean;
  /** Why the key ring in the file is not the one that is used. */
  problem: string | null;
  plain: number;
  unreadable: number;
  keys: { id: string; values: number; isKnown: boolean }[];
}
