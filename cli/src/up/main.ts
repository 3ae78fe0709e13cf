import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.ts';

const serverEntry = fileURLToPath(new URL('../../../apiserver/src/main.ts', import.meta.url));
await runCommand(process.argv.slice(2), { serverEntry, selfEntry: fileURLToPath(import.meta.url) });
