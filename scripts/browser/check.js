// The half of the playback check that runs in the page: plays one manifest and keeps account of what happened.
// It judges nothing; play.mjs does.
"use strict";

const check = (() => {
  const TICK_MS = 100;
  const STALL_MS = 500;
  // Decoders time-stamp frames to a few microseconds; ranges this close are one.
  const TOUCHING_S = 0.001;

  const video = document.getElementById("video");
  const state = {
    library: null,
    levels: [],
    levels_listed: [],
    levels_seen: [],
    errors: [],
    stalls: [],
    buffered: [],
    ended: false,
  };
  let pauseAtHalf = false;
  let started = false;
  let lastTime = 0;
  let lastMove = 0;
  let stall = null;

  const level = (height, width, bitrate) => ({ height: Number(height), width: Number(width), bitrate_bps: Number(bitrate) });
  const sameLevel = (a, b) => a.height === b.height && a.bitrate_bps === b.bitrate_bps;
  const seen = (found) => {
    if (!state.levels_seen.some((known) => sameLevel(known, found))) state.levels_seen.push(found);
  };
  const fail = (fatal, type, details) => state.errors.push({ fatal, type, details, at_s: video.currentTime });
  const ranges = (list) => Array.from({ length: list.length }, (_, i) => [list.start(i), list.end(i)]);

  /** Adds ranges to those buffered so far. Players evict what was played, so the last snapshot alone proves nothing. */
  function keepBuffered() {
    const merged = [];
    for (const [start, end] of [...state.buffered, ...ranges(video.buffered)].sort((a, b) => a[0] - b[0])) {
      const last = merged.at(-1);
      if (last && start <= last[1] + TOUCHING_S) last[1] = Math.max(last[1], end);
      else merged.push([start, end]);
    }
    state.buffered = merged;
  }

  /** Notices a stall, and slows down after one: a slow machine is not a broken ladder. */
  function watchProgress(now) {
    const moving = video.currentTime !== lastTime || !started || video.paused || video.ended;
    if (moving) {
      if (stall) stall.wall_s = (now - lastMove) / 1000;
      stall = null;
      lastTime = video.currentTime;
      lastMove = now;
    } else if (!stall && now - lastMove >= STALL_MS) {
      stall = { at_s: video.currentTime, wall_s: null };
      state.stalls.push(stall);
      video.playbackRate = Math.max(1, video.playbackRate / 2);
    }
  }

  function tick() {
    keepBuffered();
    watchProgress(performance.now());
    if (pauseAtHalf && video.currentTime >= video.duration / 2) {
      pauseAtHalf = false;
      video.pause();
    }
  }

  /** What the manifest itself offers, to be held against what the player kept: players drop what they cannot decode. */
  async function listLevels(player, url) {
    const text = await (await fetch(url)).text();
    if (player === "hls") {
      return [...text.matchAll(/^#EXT-X-STREAM-INF:(.*)$/gm)].flatMap(([, attributes]) => {
        const size = /RESOLUTION=(\d+)x(\d+)/.exec(attributes);
        return size ? [level(size[2], size[1], /(?:^|,)BANDWIDTH=(\d+)/.exec(attributes)?.[1])] : [];
      });
    }
    const mpd = new DOMParser().parseFromString(text, "application/xml");
    const inherited = (node, name) => node.getAttribute(name) ?? node.parentElement.getAttribute(name);
    return [...mpd.getElementsByTagName("Representation")]
      .filter((node) => inherited(node, "height"))
      .map((node) => level(inherited(node, "height"), inherited(node, "width"), node.getAttribute("bandwidth")));
  }

  function playHls(url, locked) {
    const hls = new Hls({ autoStartLoad: false, backBufferLength: Infinity });
    const describe = (found) => level(found.height, found.width, found.bitrate);
    state.library = `hls.js ${Hls.version}`;
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      state.levels = hls.levels.map(describe);
      if (locked) hls.startLevel = hls.loadLevel = state.levels.findIndex((found) => sameLevel(found, locked));
      hls.startLoad(0);
      video.play().catch((error) => fail(true, "play", error.message));
    });
    hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag }) => {
      if (frag.type === "main" && frag.sn !== "initSegment") seen(describe(hls.levels[frag.level]));
    });
    hls.on(Hls.Events.ERROR, (_, data) => fail(data.fatal, data.type, data.details));
    hls.loadSource(url);
    hls.attachMedia(video);
  }

  function playDash(url, locked) {
    const player = dashjs.MediaPlayer().create();
    const { events } = dashjs.MediaPlayer;
    const describe = (found) => level(found.height, found.width, found.bandwidth);
    state.library = `dash.js ${player.getVersion()}`;
    player.updateSettings({
      debug: { logLevel: dashjs.Debug.LOG_LEVEL_ERROR },
      streaming: {
        // Nothing outside this machine is asked for the time.
        utcSynchronization: { enabled: false },
        // What is buffered is not fetched again in a better rung: every frame is to be decoded once.
        buffer: { fastSwitchEnabled: false },
        abr: locked
          ? { autoSwitchBitrate: { video: false }, initialBitrate: { video: locked.bitrate_bps / 1000 } }
          : {},
      },
    });
    player.on(events.STREAM_INITIALIZED, () => {
      state.levels = player.getRepresentationsByType("video").map(describe);
    });
    player.on(events.FRAGMENT_LOADING_COMPLETED, ({ request }) => {
      if (request.mediaType === "video" && request.type === "MediaSegment") seen(describe(request.representation));
    });
    // dash.js retries quietly and reports only what it gave up on.
    player.on(events.ERROR, ({ error }) => fail(true, `dash ${error.code}`, error.message));
    player.initialize(video, url, true);
  }

  async function start({ player, url, rate, locked, pauseAtHalf: pause }) {
    pauseAtHalf = pause;
    video.defaultPlaybackRate = video.playbackRate = rate;
    video.addEventListener("playing", () => { started = true; });
    video.addEventListener("ended", () => { tick(); state.ended = true; });
    video.addEventListener("error", () => fail(true, "media", `${video.error.code} ${video.error.message}`));
    setInterval(tick, TICK_MS);
    state.levels_listed = await listLevels(player, url);
    if (player === "hls") playHls(url, locked); else playDash(url, locked);
  }

  function report() {
    const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
    return {
      ...state,
      duration_s: Number.isFinite(video.duration) ? video.duration : null,
      final_time_s: video.currentTime,
      frames: totalVideoFrames,
      frames_dropped: droppedVideoFrames,
      played: ranges(video.played),
      rate: video.playbackRate,
      paused: video.paused,
    };
  }

  return { start, report, resume: () => video.play() };
})();
