// Decides from what the page and the server saw whether a playback was sound, and words what was not.

/** Ranges closer than this play through without a skip. */
const GAP_S = 0.1;
/** How far the ends of what was buffered and played may be from the ends of the clip. */
const EDGE_S = 0.2;

const names = (levels) => levels.map((level) => `${level.height}p at ${Math.round(level.bitrate_bps / 1000)} kb/s`).join(", ");
const same = (a, b) => a.height === b.height && a.bitrate_bps === b.bitrate_bps;
const at = (seconds) => `${seconds.toFixed(3)} s`;

/** The holes between ranges, and before the first and after the last of them. */
function holes(ranges, duration) {
  const found = [];
  let reached = 0;
  for (const [start, end] of ranges) {
    if (start - reached > (reached === 0 ? EDGE_S : GAP_S)) found.push([reached, start]);
    reached = Math.max(reached, end);
  }
  if (duration - reached > EDGE_S) found.push([reached, duration]);
  return found;
}

const EMPTY = {
  library: "not loaded", levels: [], levels_listed: [], levels_seen: [], errors: [], stalls: [], buffered: [], played: [],
  ended: false, duration_s: null, final_time_s: null, frames: 0, frames_dropped: 0, rate: null,
};

/** The report of one playback: everything seen, `ok`, and the `problems` that made it not so. */
export function judge({ player, locked, report, stopped, framesAtLeast, consoleErrors, httpErrors, wallS }) {
  const seen = report ?? EMPTY;
  const problems = [];
  const notes = [];
  const bufferGaps = seen.duration_s === null ? [] : holes(seen.buffered, seen.duration_s);
  const skipped = seen.duration_s === null ? [] : holes(seen.played, seen.duration_s);
  const unsupported = seen.levels.length === 0 ? []
    : seen.levels_listed.filter((listed) => !seen.levels.some((level) => same(level, listed)));

  const failures = new Set(httpErrors.map(({ method, url, status }) => `HTTP ${status}: ${method} ${url}`));
  problems.push(...failures);
  for (const error of seen.errors) {
    const text = `${error.type}: ${error.details} at ${at(error.at_s)}`;
    if (error.fatal) problems.push(`player error: ${text}`);
    else notes.push(`the player recovered from ${text}`);
  }
  for (const text of new Set(consoleErrors)) problems.push(`console: ${text}`);
  if (!seen.ended) {
    problems.push(`did not reach the end: ${stopped}`);
    notes.push(`buffered until then: ${seen.buffered.map(([start, end]) => `${at(start)} to ${at(end)}`).join(", ") || "nothing"}`);
  } else {
    for (const [start, end] of bufferGaps) problems.push(`never buffered: ${at(start)} to ${at(end)}`);
    for (const [start, end] of skipped) problems.push(`never played: ${at(start)} to ${at(end)}`);
    if (seen.frames < framesAtLeast) problems.push(`${seen.frames} frames decoded, expected ${framesAtLeast}`);
    if (locked && !(seen.levels_seen.length === 1 && same(seen.levels_seen[0], locked))) {
      problems.push(`locked to ${names([locked])} but played ${names(seen.levels_seen)}`);
    }
  }
  for (const stall of seen.stalls) {
    notes.push(`stalled at ${at(stall.at_s)}${stall.wall_s === null ? "" : ` for ${stall.wall_s.toFixed(1)} s`}`);
  }
  if (unsupported.length > 0) notes.push(`not played, this browser cannot decode it: ${names(unsupported)}`);

  const { paused, ...facts } = seen;
  return {
    player, locked, ok: problems.length === 0, problems, notes, ...facts,
    levels_unsupported: unsupported, buffer_gaps: bufferGaps, skipped, http_errors: httpErrors,
    console_errors: consoleErrors, wall_s: wallS,
  };
}
