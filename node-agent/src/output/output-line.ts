export type { OutputLine, OutputQuery } from '@river/runtime';
