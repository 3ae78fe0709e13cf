import type { OutputLine, OutputQuery } from '../output/output-line.ts';
import type { Container } from '../plan/work.ts';
import type { WorkOrder } from './work-order.ts';

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

/** A user and a password for a registry. Never logged. */
export interface Credentials {
  username: string;
  password: string;
  serverAddress: string;
}

export interface PullOrder {
  image: string;
  policy: PullPolicy;
  /** Tried one after the other; none: anonymously. */
  credentials: readonly Credentials[];
  onProgress?: (text: string) => void;
}

/** What runs the containers of this node. Each call may be repeated: what is done stays done. Each has a deadline. */
export interface Driver {
  /** Whatever bears this node's labels, or only what belongs to one Placement. */
  observe(signal: AbortSignal, uid?: string): Promise<Container[]>;
  /** Tells of what may have changed, by uid; nothing given: anything may have. Resolves when it is cut off. */
  watch(onChange: (uid?: string) => void, signal: AbortSignal): Promise<void>;
  /** One fetch at a time for each image, whoever asks. @throws DriverError `ImagePull`, `ImageMissing` */
  pull(order: PullOrder, signal: AbortSignal): Promise<void>;
  /** Makes it, not yet started; the same again is the same container. Resolves with its id. */
  create(order: WorkOrder, signal: AbortSignal): Promise<string>;
  /** Resolves also when it cannot start: what is observed then says why. */
  start(containerId: string, signal: AbortSignal): Promise<void>;
  /** Asks it to end, and kills it after its grace; 0: at once. Resolves when it has ended. A paused one goes on for that. */
  stop(containerId: string, graceMs: number, signal: AbortSignal): Promise<void>;
  pause(containerId: string, signal: AbortSignal): Promise<void>;
  unpause(containerId: string, signal: AbortSignal): Promise<void>;
  /** With everything that was made for it. One that is gone is no error. */
  remove(containerId: string, signal: AbortSignal): Promise<void>;
  /** What it has written, in order. */
  output(containerId: string, query: OutputQuery, signal: AbortSignal): AsyncIterable<OutputLine>;
}

export type DriverReason = 'ImagePull' | 'ImageMissing' | 'EngineUnreachable' | 'EngineSlow' | 'NoSpace' | 'Refused';

/** What went wrong, in a word for programs and a sentence for people. Says nothing secret. */
export class DriverError extends Error {
  override name = 'DriverError';
  readonly reason: DriverReason;
  constructor(reason: DriverReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
