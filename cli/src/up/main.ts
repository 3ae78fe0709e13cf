import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
await runCommand(process.argv.slice(2), {
  serverEntry: here('../../../apiserver/src/main.ts'),
  controllersEntry: here('../../../controllers/src/main.ts'),
  gatewayEntry: here('../../../gateway/src/main.ts'),
  agentEntry: here('../../../node-agent/src/guard/main.ts'),
  restoreEntry: here('../../../apiserver/src/restore.ts'),
  selfEntry: here('./main.ts'),
});
