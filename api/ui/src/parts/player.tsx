// Plays a job's ladder, also while it grows. Not here: how the stream is fetched and fed (parts/stream.ts).

import { useEffect, useRef, useState } from "preact/hooks";
import { Stream, type Choice } from "./stream";

interface Props {
  src: string;
  name: string;
  /** How many rungs have begun, and how many there will be. */
  begun: number;
  rungs: number;
  over: boolean;
  /** The second it is to stand at. */
  at: number | undefined;
}

function Choose({ label, value, choices, choose }: { label: string; value: number; choices: Choice[]; choose(id: number): void }) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => choose(Number(event.currentTarget.value))}>
        {choices.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Player({ src, name, begun, rungs, over, at }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const stream = useRef<Stream>();
  const [levels, setLevels] = useState<Choice[]>([]);
  const [subtitles, setSubtitles] = useState<Choice[]>([]);
  const [level, setLevel] = useState(-1);
  const [subtitle, setSubtitle] = useState(-1);
  const [playing, setPlaying] = useState("");
  const [error, setError] = useState<string>();

  useEffect(() => {
    if (!video.current) return;
    const made = new Stream(video.current, src, { levels: setLevels, subtitles: setSubtitles, playing: setPlaying, failed: setError });
    stream.current = made;
    return () => made.end();
  }, [src]);

  useEffect(() => {
    const film = video.current;
    if (!film || at === undefined) return;
    const jump = () => (film.currentTime = at);
    if (film.readyState >= film.HAVE_METADATA) return void jump();
    film.addEventListener("loadedmetadata", jump, { once: true });
    return () => film.removeEventListener("loadedmetadata", jump);
  }, [src, at]);

  // The master playlist names what has begun: it is read again once that is all there will be.
  const complete = over || (rungs > 0 && begun === rungs);
  useEffect(() => {
    // What was chosen has another number now.
    if (complete && stream.current?.expect(rungs)) setLevel(-1);
  }, [complete, over, rungs, levels.length]);

  return (
    <section class="player" aria-label="Player">
      <video ref={video} class="screen" controls playsInline preload="metadata" aria-label={name} />
      <div class="player-choices">
        <Choose
          label="Rung"
          value={level}
          choices={[{ id: -1, name: playing && level < 0 ? `Auto (${playing})` : "Auto" }, ...levels]}
          choose={(id) => {
            setLevel(id);
            stream.current?.level(id);
          }}
        />
        <Choose
          label="Subtitles"
          value={subtitle}
          choices={[{ id: -1, name: subtitles.length > 0 ? "Off" : "None" }, ...subtitles]}
          choose={(id) => {
            setSubtitle(id);
            stream.current?.subtitle(id);
          }}
        />
        {over ? null : <p class="hint">It is still being made; what is there can be played and sought in.</p>}
      </div>
      {error ? (
        <p class="field-error" role="alert">
          {error}
        </p>
      ) : null}
    </section>
  );
}
