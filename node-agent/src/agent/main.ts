import { CertificateError, logger, systemClock } from '@river/runtime';
import { parseOptions, UsageError, usage } from './options.ts';
import { serve } from './serve.ts';

/** The agent of this machine. The guard starts it. Ends with 2 when starting it again would not help. */

const log = logger({ clock: systemClock, fields: { program: 'agent' } });
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
const args = process.argv.slice(2);
try {
  const options = parseOptions(args, process.env);
  if (options.wantsHelp) process.stdout.write(usage);
  else await serve({ options, args, log, signal: stop.signal });
  process.exit(0);
} catch (error) {
  if (stop.signal.aborted) process.exit(0);
  if (error instanceof UsageError || error instanceof CertificateError) {
    process.stderr.write(`river agent: ${error.message}\n`);
    process.exit(2);
  }
  log.error('the agent ends', { error });
  process.exit(1);
}
