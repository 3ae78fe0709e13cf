import { fileURLToPath } from 'node:url';
import { runCommand } from '../run-command.ts';

/** `river up|down|status` over the stand-in server. */
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
await runCommand(process.argv.slice(2), {
  serverEntry: here('./stand-in-server.ts'),
  controllersEntry: undefined,
  gatewayEntry: undefined,
  agentEntry: undefined,
  restoreEntry: here('../../../../apiserver/src/restore.ts'),
  selfEntry: fileURLToPath(import.meta.url),
});
