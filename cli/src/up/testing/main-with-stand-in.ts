import { fileURLToPath } from 'node:url';
import { runCommand } from '../run-command.ts';

/** `river up|down|status` over the stand-in server. */
const serverEntry = fileURLToPath(new URL('./stand-in-server.ts', import.meta.url));
await runCommand(process.argv.slice(2), { serverEntry, selfEntry: fileURLToPath(import.meta.url) });
