// Who is told of events outside, and what they have not taken. Not here: who they are (the configuration names them).

import { useState } from "preact/hooks";
import { listReceivers, replay } from "../api/calls";
import type { Receiver } from "../api/types";
import { ago, count } from "../format";
import { useLoad } from "../live/load";
import { announce } from "../parts/announce";
import { useNow } from "../parts/clock";
import { Failure, Notice } from "../parts/notice";

const EVERY_MS = 5000;

const KINDS: Record<string, string> = { name: "Webhook", mail: "Mail", message: "Message", url: "Webhook of a job" };

function One({ receiver, now, again }: { receiver: Receiver; now: number; again(): void }) {
  const { endpoint, waiting, parked, last_error, oldest_waiting_at } = receiver;
  const [kind = "", ...name] = endpoint.split(":");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const act = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { replayed } = await replay(endpoint);
      announce(`${count(replayed)} deliveries go out again`);
      again();
    } catch (failed) {
      setError((failed as Error).message);
    }
    setBusy(false);
  };
  return (
    <tr>
      <th scope="row">
        {name.join(":")}
        <small>{KINDS[kind] ?? kind}</small>
      </th>
      <td>
        {count(waiting)}
        {oldest_waiting_at ? <small>oldest {ago(oldest_waiting_at, now)}</small> : null}
      </td>
      <td>{count(parked)}</td>
      <td class="words">{last_error ?? "–"}</td>
      <td>
        <button type="button" disabled={busy || parked === 0} aria-label={`Replay: ${endpoint}`} onClick={() => void act()}>
          Replay
        </button>
        {error ? (
          <p class="field-error" role="alert">
            {error}
          </p>
        ) : null}
      </td>
    </tr>
  );
}

export function ReceiversPage() {
  const { value, error, reload } = useLoad(listReceivers, EVERY_MS);
  const now = useNow();
  return (
    <>
      <div class="page-head">
        <h1>Receivers</h1>
      </div>
      <p class="hint">
        Receivers of webhooks, mail and messages with deliveries on their way or given up. A replay tries again what was given up.
      </p>
      {error ? <Failure error={error} again={reload} /> : null}
      {!value && !error ? <Notice kind="loading" title="Loading receivers…" /> : null}
      {value?.length === 0 ? <Notice kind="empty" title="Everything was delivered">Nothing waits, and nothing was given up.</Notice> : null}
      {value && value.length > 0 ? (
        <div class="table-wrap card" tabIndex={0} role="region" aria-label="Receivers">
          <table>
            <thead>
              <tr>
                <th scope="col">Receiver</th>
                <th scope="col">Waiting</th>
                <th scope="col">Given up</th>
                <th scope="col">What went wrong last</th>
                <th scope="col">Try again</th>
              </tr>
            </thead>
            <tbody>
              {value.map((receiver) => (
                <One key={receiver.endpoint} receiver={receiver} now={now} again={reload} />
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </>
  );
}
