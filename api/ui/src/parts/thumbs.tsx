// A job's poster and thumbnails, one of them large. Not here: making them.

import { useState } from "preact/hooks";
import { choosePoster, mediaPath } from "../api/calls";
import { announce } from "./announce";

interface Props {
  id: string;
  poster: boolean;
  thumbnails: string[];
  /** Names of the sizes they are in beside the usual one. */
  sizes: string[];
  /** Whether one of them may be made the poster. */
  choosable: boolean;
}

/** Where a picture is in a size with a name. */
const inSize = (file: string, size: string) => `thumbs/${size}/${file.replace("thumbs/", "")}`;

export function Thumbs({ id, poster, thumbnails, sizes, choosable }: Props) {
  const all = [...(poster ? ["poster.jpg"] : []), ...thumbnails];
  const [chosen, setChosen] = useState<string>();
  const [error, setError] = useState<string>();
  // The poster keeps its name when it is another.
  const [version, setVersion] = useState(0);
  if (all.length === 0) return null;
  const path = (file: string) => mediaPath(id, file.endsWith("poster.jpg") && version > 0 ? `${file}?v=${version}` : file);
  const choose = async (file: string) => {
    setError(undefined);
    try {
      await choosePoster(id, file);
      setVersion(Date.now());
      announce(`${name(file)} is the poster`);
    } catch (failed) {
      setError((failed as Error).message);
    }
  };
  const name = (file: string) => (file === "poster.jpg" ? "Poster" : `Thumbnail ${thumbnails.indexOf(file) + 1}`);
  return (
    <section class="card" aria-label="Pictures">
      <h2>Pictures</h2>
      {chosen ? (
        <figure class="large">
          <img src={path(chosen)} alt={name(chosen)} />
          <figcaption>
            {name(chosen)} · <a href={path(chosen)}>Open the file</a>{" "}
            {sizes.map((size) => (
              <>
                <a key={size} href={path(inSize(chosen, size))}>
                  {size}
                </a>{" "}
              </>
            ))}
            {choosable && chosen !== "poster.jpg" ? (
              <button type="button" onClick={() => void choose(chosen)}>
                Make it the poster
              </button>
            ) : null}
            {error ? (
              <p class="field-error" role="alert">
                {error}
              </p>
            ) : null}
          </figcaption>
        </figure>
      ) : null}
      <ul class="thumbs">
        {all.map((file) => (
          <li key={file}>
            <button
              type="button"
              class="thumb"
              aria-pressed={chosen === file}
              onClick={() => setChosen(chosen === file ? undefined : file)}
            >
              <img src={path(file)} alt={name(file)} loading="lazy" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
