// A job's picture, or a plain field where there is none. Not here: choosing among its thumbnails (thumbs.tsx).

import { useState } from "preact/hooks";
import { mediaPath } from "../api/calls";

export function Poster({ id, there, file = "poster.jpg" }: { id: string; there: boolean; file?: string }) {
  const [missing, setMissing] = useState(false);
  if (!there || missing) return <span class="poster is-none" aria-hidden="true" />;
  return <img class="poster" src={mediaPath(id, file)} alt="" loading="lazy" onError={() => setMissing(true)} />;
}
