// Quantities in words for people: short, and the same everywhere. Not here: anything that looks at the clock by itself.

const units = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes in decimal units, three figures at most. */
export function bytes(count: number): string {
  let [value, unit] = [count, 0];
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** Seconds as people say them: `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  if (seconds > 0 && seconds < 1) return "under 1 s";
  const whole = Math.round(seconds);
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h > 0) return min > 0 ? `${h} h ${min} min` : `${h} h`;
  if (min > 0) return s > 0 && min < 10 ? `${min} min ${s} s` : `${min} min`;
  return `${s} s`;
}

/** A place in a programme as players show it: `0:06`, `1:02:05`. */
export function place(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(min)}:${two(s)}` : `${min}:${two(s)}`;
}

/** A share of 1 in whole percent; never 100 before all is done. */
export function percent(share: number): string {
  const whole = share >= 1 ? 100 : Math.min(99, Math.floor(Math.max(0, share) * 100));
  return `${whole} %`;
}

/** How many seconds of programme are made in one. */
export function speed(factor: number): string {
  return `${factor.toFixed(factor < 9.95 ? 1 : 0)}×`;
}

export function count(number: number): string {
  return new Intl.NumberFormat("en").format(number);
}

/** How long ago a moment was, or when it will be. */
export function ago(moment: string, now: number): string {
  const seconds = Math.round((Date.parse(moment) - now) / 1000);
  if (Number.isNaN(seconds)) return "";
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const size = Math.abs(seconds);
  if (size < 45) return "just now";
  if (size < 3600) return words.format(Math.trunc(seconds / 60) || Math.sign(seconds), "minute");
  if (size < 86_400) return words.format(Math.trunc(seconds / 3600), "hour");
  return words.format(Math.trunc(seconds / 86_400), "day");
}

/** A moment in the reader's own time zone. */
export function moment(text: string): string {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" }).format(new Date(text));
}

/** What a clip is called where its job has no title: the name of its file. */
export function fileName(url: string): string {
  const last = url.split(/[?#]/)[0]!.replace(/\/+$/, "").split("/").pop() ?? "";
  try {
    return decodeURIComponent(last) || url;
  } catch {
    return last || url;
  }
}
