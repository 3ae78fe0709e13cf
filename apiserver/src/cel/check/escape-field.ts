const keywords = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return'.split(' '),
);

/** The name by which an expression reaches a property; undefined when no expression can. */
export const escapeField = (name: string): string | undefined => {
  if (keywords.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_./-][\w./-]*$/.test(name)) return undefined;
  return name.replace(/__|[./-]/g, (match) => {
    if (match === '.') return '__dot__';
    if (match === '-') return '__dash__';
    return match === '/' ? '__slash__' : '__underscores__';
  });
};
