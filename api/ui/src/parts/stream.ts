// Feeds a <video> from a master playlist: hls.js where it can, the browser itself where it must. Not here: the controls (player.tsx).

import type HlsType from "hls.js";

export interface Choice {
  id: number;
  name: string;
}

interface Ears {
  levels(choices: Choice[]): void;
  subtitles(choices: Choice[]): void;
  /** The name of the rung that is shown. */
  playing(name: string): void;
  failed(words: string | undefined): void;
}

const NATIVE = "application/vnd.apple.mpegurl";

const rung = ({ width, height, bitrate }: { width: number; height: number; bitrate: number }) =>
  width && height ? `${Math.min(width, height)}p` : `${Math.round(bitrate / 1000)} kbit/s`;

export class Stream {
  private hls: HlsType | undefined;
  private over = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly src: string,
    private readonly ears: Ears,
  ) {
    void this.begin();
  }

  private async begin(at = 0, playing = false): Promise<void> {
    const { default: Hls } = await import("hls.js");
    if (this.over) return;
    if (!Hls.isSupported()) {
      if (this.video.canPlayType(NATIVE)) this.video.src = this.src;
      else this.ears.failed("This browser cannot play HLS.");
      return;
    }
    // A worker would have to be loaded from a `blob:` address, which the page's policy forbids; fragments of CMAF need none.
    const hls = new Hls({ enableWorker: false, startPosition: at, backBufferLength: 60 });
    this.hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      this.tell();
      if (playing) void this.video.play().catch(() => {});
    });
    hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => this.tell());
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => {
      const shown = hls.levels[level];
      if (shown) this.ears.playing(rung(shown));
    });
    hls.on(Hls.Events.FRAG_BUFFERED, () => this.ears.failed(undefined));
    hls.on(Hls.Events.ERROR, (_, { fatal, type }) => {
      if (!fatal) return;
      if (type === Hls.ErrorTypes.MEDIA_ERROR) return hls.recoverMediaError();
      this.ears.failed("The stream cannot be read at the moment.");
      hls.startLoad();
    });
    hls.loadSource(this.src);
    hls.attachMedia(this.video);
  }

  private tell(): void {
    const { hls } = this;
    if (!hls) return;
    this.ears.levels(hls.levels.map((level, id) => ({ id, name: rung(level) })).reverse());
    this.ears.subtitles(hls.subtitleTracks.map(({ name, lang }, id) => ({ id, name: name || lang || `Subtitles ${id + 1}` })));
  }

  /** Begins anew, where it is, where the master should name so many rungs and did not. Says whether it does. */
  expect(rungs: number): boolean {
    const { hls, video } = this;
    if (!hls || hls.levels.length === 0 || hls.levels.length >= rungs) return false;
    const [at, playing] = [video.currentTime, !video.paused];
    hls.destroy();
    this.hls = undefined;
    void this.begin(at, playing);
    return true;
  }

  /** A rung, or −1 for what the line carries. */
  level(id: number): void {
    if (this.hls) this.hls.nextLevel = id;
  }

  subtitle(id: number): void {
    const { hls } = this;
    if (!hls) return;
    hls.subtitleDisplay = id >= 0;
    hls.subtitleTrack = id;
  }

  end(): void {
    this.over = true;
    this.hls?.destroy();
    this.video.removeAttribute("src");
  }
}
