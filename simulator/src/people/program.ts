import type { FakeProgram, WorkOrder } from '@river/node-agent';

export interface Program {
  /** For ever when left out. */
  forMs?: number;
  code?: number;
  isStubborn?: boolean;
  isOutOfMemory?: boolean;
  cannotStart?: boolean;
}

/** A program says in its command what it will do. */
export const commandOf = (program: Program): string[] => ['run', JSON.stringify(program)];

export function programOf({ command = [] }: Pick<WorkOrder, 'command'>): FakeProgram {
  const { cannotStart, ...program }: Program = JSON.parse(command[1] ?? '{}');
  return { ...program, ...(cannotStart && { cannotStart: 'no such file' }) };
}
