import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/** First the cache, then the code that it is for: a static import would be compiled before the cache is on. */
enableCompileCache(fileURLToPath(new URL('../../.cache/riverctl', import.meta.url)));

process.stdout.on('error', (error) => {
  // A reader that has seen enough (`riverctl get … | head`) is no failure.
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
});

const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
