/** Numbers that only grow, by name and labels, as Prometheus reads them. */
export interface Counters {
  add(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  get(name: string, labels?: Readonly<Record<string, string>>): number;
  text(): string;
}

const prefix = 'river_controllers_';

export function counters(): Counters {
  const values = new Map<string, Map<string, number>>();
  const key = (labels: Readonly<Record<string, string>>) =>
    Object.entries(labels)
      .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, '_')}"`)
      .join(',');
  return {
    add(name, labels = {}, by = 1) {
      const series = values.get(name) ?? new Map<string, number>();
      values.set(name, series.set(key(labels), (series.get(key(labels)) ?? 0) + by));
    },
    get: (name, labels = {}) => values.get(name)?.get(key(labels)) ?? 0,
    text: () =>
      [...values]
        .map(([name, series]) => {
          const lines = [...series].map(([labels, value]) => `${prefix}${name}${labels && `{${labels}}`} ${value}\n`);
          return `# TYPE ${prefix}${name} counter\n${lines.join('')}`;
        })
        .join(''),
  };
}
