// What has happened to a job, newest first. Not here: hearing of it.

import { moment } from "../format";
import { words, type Told } from "../live/reduce";

const SHOWN = 100;

export function Happened({ events }: { events: Told[] }) {
  if (events.length === 0) return <p class="hint">Nothing is known yet.</p>;
  const newest = events.slice(-SHOWN).reverse();
  return (
    <div class="happened-wrap" tabIndex={0} role="region" aria-label="Events">
      <ol class="happened" reversed>
        {newest.map((event, index) => (
          <li key={event.id ?? `gap-${index}`}>
            <time dateTime={event.created_at}>{moment(event.created_at)}</time>
            <span>{words(event)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
