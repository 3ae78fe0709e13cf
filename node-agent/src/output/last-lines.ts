import type { OutputLine } from './output-line.ts';

const mostBytes = 16 << 20;

/** The last lines of a stream, at most 16 MiB of them: what goes on for long is not kept whole to show its end. */
export async function lastLines(lines: AsyncIterable<OutputLine>, count: number): Promise<OutputLine[]> {
  let kept: OutputLine[] = [];
  let bytes = 0;
  let from = 0;
  for await (const line of lines) {
    kept.push(line);
    bytes += line.bytes.length;
    while (kept.length - from > count || (bytes > mostBytes && kept.length - from > 1)) bytes -= kept[from++]?.bytes.length ?? 0;
    // Moved up now and then, not for each line.
    if (from > 1024 && from > kept.length / 2) {
      kept = kept.slice(from);
      from = 0;
    }
  }
  return kept.slice(from);
}
