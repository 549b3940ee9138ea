// Reads Prometheus' text format, as far as the console shows any of it. Pure. Not here: asking for it.

export interface Measured {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Every sample of the text; comments and what is no number are passed over. */
export function read(text: string): Measured[] {
  const found: Measured[] = [];
  for (const line of text.split("\n")) {
    const parts = line.startsWith("#") ? null : LINE.exec(line);
    const value = Number(parts?.[3]);
    if (!parts || Number.isNaN(value)) continue;
    const labels: Record<string, string> = {};
    for (const [, key, said] of (parts[2] ?? "").matchAll(LABEL)) labels[key!] = said!.replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
    found.push({ name: parts[1]!, labels, value });
  }
  return found;
}

/** The sum over all labels; undefined where there is no such metric. */
export function total(all: Measured[], name: string): number | undefined {
  const of = all.filter((one) => one.name === name);
  return of.length > 0 ? of.reduce((sum, one) => sum + one.value, 0) : undefined;
}
