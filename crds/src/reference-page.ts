import type { ResourceDef } from './define-resource.ts';
import type { StructuralSchema } from './schema/structural-schema.ts';

/** The page of the reference about one kind, as Markdown. */
export function referencePage(def: ResourceDef, example: string | undefined): string {
  const { names, versions } = def.crd.spec;
  const shortNames = names.shortNames?.map((name) => `, \`${name}\``).join('') ?? '';
  const schema = versions[0]?.schema?.openAPIV3Schema;
  const parts = Object.entries(schema?.properties ?? {}).filter(([name]) => !['apiVersion', 'kind', 'metadata'].includes(name));
  const sections = parts.map(([name, part]) => section(name, part));
  return [
    `# ${def.kind}`,
    def.description,
    `\`${def.apiVersion}\`, ${def.scope === 'Cluster' ? 'of the whole cluster' : 'in a namespace'}. On the command line \`${names.plural}\`, \`${names.singular}\`${shortNames}.`,
    ...(example === undefined ? [] : ['## Example', `\`\`\`yaml\n${example.trim()}\n\`\`\``]),
    ...sections,
    '',
  ].join('\n\n');
}

function section(name: string, schema: StructuralSchema): string {
  const rules = rulesUnder(schema, name).map(([path, message]) => `- \`${path}\`: ${message}`);
  const table = ['| field | type | default | what it says |', '|---|---|---|---|', ...rowsUnder(schema, name)].join('\n');
  return [`## ${name}`, schema.description ?? '', table, ...(rules.length > 0 ? ['Rules:', rules.join('\n')] : [])].join('\n\n');
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function rowsUnder(schema: StructuralSchema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = `${path}.${name}`;
    const isRequired = schema.required?.includes(name) === true;
    const shown = field.default === undefined ? (isRequired ? '**required**' : '') : `\`${JSON.stringify(field.default)}\``;
    const row = `| \`${here}\` | ${cell(typeText(field))} | ${cell(shown)} | ${cell(field.description ?? '')} |`;
    return [row, ...rowsUnder(insideOf(field), `${here}${suffixOf(field)}`)];
  });
}

/** The schema that has the fields: the object itself, or what a list or a map holds. */
function insideOf(schema: StructuralSchema): StructuralSchema {
  if (schema.items) return insideOf(schema.items);
  return typeof schema.additionalProperties === 'object' ? insideOf(schema.additionalProperties) : schema;
}

const suffixOf = (schema: StructuralSchema): string => (schema.items ? '[]' : schema.additionalProperties ? '.*' : '');

function typeText(schema: StructuralSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema['x-kubernetes-int-or-string']) return schema.pattern === undefined ? 'integer or string' : 'quantity';
  if (schema.items) return `list of ${typeText(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') return `map of ${typeText(schema.additionalProperties)}`;
  return schema.format === 'date-time' ? 'time' : (schema.type ?? 'anything');
}

function rulesUnder(schema: StructuralSchema, path: string): [string, string][] {
  const here = (schema['x-kubernetes-validations'] ?? []).map((rule): [string, string] => [path, rule.message ?? rule.rule]);
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => rulesUnder(field, `${path}.${name}`));
  const item = schema.items ? rulesUnder(schema.items, `${path}[]`) : [];
  return [...here, ...fields, ...item];
}
