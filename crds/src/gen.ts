/**
 * Writes what is generated from the kinds: `crds/generated/` and `docs/reference/*.md`. With `--check` it writes nothing and
 * fails, naming each file, when one is not as it would be written.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import type { ResourceDef } from './define-resource.ts';
import { builtInKinds, riverKinds, TokenRequest } from './kinds.ts';
import { referencePage } from './reference-page.ts';

const root = join(import.meta.dirname, '../..');
const folders = ['crds/generated', 'docs/reference'];

/** In YAML 1.1, as kubectl reads it: there a bare `on` is a boolean. */
const yamlOptions = { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false } as const;

/** Text of the first example of each kind, with the comment above it. */
function readExamples(): Map<string, string> {
  const examples = new Map<string, string>();
  for (const file of readdirSync(join(root, 'examples')).sort()) {
    if (!file.endsWith('.yaml')) continue;
    const text = readFileSync(join(root, 'examples', file), 'utf8');
    const [first] = parseAllDocuments(text);
    const kind = first?.get('kind');
    if (typeof kind === 'string' && !examples.has(kind)) examples.set(kind, text.split(/^---$/m)[0] ?? '');
  }
  return examples;
}

const crdText = (def: ResourceDef) => `# Generated from crds/src by npm run gen; not for editing.\n${stringify(def.crd, yamlOptions)}`;

function generate(): Map<string, string> {
  const examples = readExamples();
  const files = new Map<string, string>();
  for (const def of riverKinds) {
    files.set(`crds/generated/${def.plural}.${def.group}.yaml`, crdText(def));
    files.set(`docs/reference/${def.kind.toLowerCase()}.md`, referencePage(def, examples.get(def.kind)));
  }
  const definitions = {
    builtIn: builtInKinds.map(({ crd }) => crd),
    river: riverKinds.map(({ crd }) => crd),
    tokenRequest: TokenRequest.crd,
  };
  files.set('crds/generated/definitions.json', `${JSON.stringify(definitions)}\n`);
  const list = riverKinds.map((def) => `- [${def.kind}](${def.kind.toLowerCase()}.md): ${def.description}`);
  files.set('docs/reference/README.md', `# Reference\n\nEvery kind of \`river.dev/v1\`.\n\n${list.join('\n')}\n`);
  return files;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function present(): string[] {
  return folders.flatMap((folder) => {
    mkdirSync(join(root, folder), { recursive: true });
    return readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
  });
}

const files = generate();
const stale = [...files].filter(([file, text]) => readIfThere(file) !== text);
const left = present().filter((file) => !files.has(file));

if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is not up to date: npm run gen`);
  for (const file of left) console.error(`${file} belongs to no kind: npm run gen`);
  process.exitCode = stale.length + left.length > 0 ? 1 : 0;
} else {
  for (const [file, text] of stale) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
    console.log(`wrote ${file}`);
  }
  for (const file of left) rmSync(join(root, file));
}
