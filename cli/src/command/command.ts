import type { FlagInput } from '@oclif/core/parser';
import type { Context } from './context.ts';

/** Flag definitions as oclif's `Flags` make them. */
export type { FlagInput };

/** What oclif's parser yields for one set of flag definitions; its types call a boolean `any`. */
export type FlagValues<F> =
  F extends FlagInput<infer Values> ? { [K in keyof Values]: 0 extends 1 & Values[K] ? boolean : Values[K] } : never;

/** The exit code; nothing means 0. */
export type Ending = Promise<number> | Promise<void>;

/** One verb of riverctl: what help shows, what the parser accepts, and what it does. */
export interface Command {
  name: string;
  summary: string;
  /** The arguments after the name, as help shows them. */
  usage: string;
  examples: readonly string[];
  flags: FlagInput;
  /** What stands after `--` is a command line of somebody else's, and is not looked into. */
  takesCommand?: boolean;
  run(input: Input<never>, context: Context): Ending;
}

export interface Input<F> {
  /** What is not a flag, in order. */
  args: string[];
  flags: F;
  /** What stands after `--`, for a command that takes one. */
  commandLine?: readonly string[];
}

/** Ties the type of `run`'s flags to their definitions. */
export const command = <F extends FlagInput>(
  definition: Omit<Command, 'run' | 'flags'> & {
    flags: F;
    run(input: Input<FlagValues<F>>, context: Context): Ending;
  },
): Command => definition as unknown as Command;
