// A configuration as lines of key and value, in sections. Pure. Not here: showing them.

export interface Setting {
  /** As `newsreel.toml` names it, with its section: `server.listen`. */
  key: string;
  value: string;
}

export interface Section {
  name: string;
  settings: Setting[];
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value as TOML would write it, nearly. */
function say(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(say).join(", ")}]`;
  if (isTable(value)) return `{ ${Object.entries(value).map(([key, one]) => `${key} = ${say(one)}`).join(", ")} }`;
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** Sections by name, those within others after them; `text` keeps the settings that hold it. */
export function sections(config: Record<string, unknown>, text = "", path = ""): Section[] {
  const wanted = text.trim().toLowerCase();
  const settings: Setting[] = [];
  const inner: Section[] = [];
  for (const [name, value] of Object.entries(config)) {
    const key = path ? `${path}.${name}` : name;
    if (isTable(value) && Object.keys(value).length > 0) inner.push(...sections(value, text, key));
    else settings.push({ key, value: say(value) });
  }
  const kept = settings.filter((one) => `${one.key} ${one.value}`.toLowerCase().includes(wanted));
  return kept.length > 0 ? [{ name: path, settings: kept }, ...inner] : inner;
}
