export interface ColumnLayout {
  widths: number[];
}

/** What strangers wrote moves no cursor, sets no colour and turns no text around: control characters are shown, not obeyed. */
export const printable = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu,
    (character) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );

/**
 * Rows as aligned columns, three spaces apart. A layout that is passed from call to call only grows,
 * so that what a watch prints later stands below what it printed before.
 */
export const alignColumns = (given: readonly (readonly string[])[], layout: ColumnLayout = { widths: [] }): string[] => {
  const rows = given.map((row) => row.map(printable));
  for (const row of rows) {
    for (const [at, cell] of row.entries()) layout.widths[at] = Math.max(layout.widths[at] ?? 0, cell.length);
  }
  return rows.map((row) => {
    const cells = row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(layout.widths[at] ?? 0)));
    return cells.join('   ').trimEnd();
  });
};
