// What there is to work with, and how much of it is in use, now and over the last minutes. Not here: measuring it.

import type { Device } from "../api/types";
import { count, percent } from "../format";
import { busiest, uses } from "../live/capacity";
import { devices, EVERY_MS, queue, samples, trouble, type Sample } from "../live/samples";
import { Metrics } from "../parts/metrics";
import { Failure, Notice } from "../parts/notice";
import { Bar } from "../parts/progress";
import { Spark } from "../parts/spark";

/** Five minutes wide. */
const WIDTH = (5 * 60_000) / EVERY_MS;

const KINDS: Record<string, string> = { cpu: "Processor", nvidia: "NVIDIA GPU", vaapi: "VAAPI GPU" };

function Card({ device, history }: { device: Device; history: Sample[] }) {
  const most = busiest(device);
  const points = history.slice(-WIDTH).map((sample) => sample.used[device.id] ?? 0);
  return (
    <section class="card device" aria-label={device.id}>
      <div class="device-head">
        <h2>{device.id}</h2>
        <span class={`state ${device.quarantined ? "is-failed" : device.sessions > 0 ? "is-running" : "is-queued"}`}>
          {device.quarantined ? "Out of use" : device.sessions > 0 ? `${count(device.sessions)} at work` : "Idle"}
        </span>
      </div>
      <p class="hint">
        {KINDS[device.kind] ?? device.kind} · {device.name}
      </p>
      {most ? (
        <figure class="over-time">
          <Spark
            points={points}
            width={WIDTH}
            label={`Use of ${device.id} over the last five minutes; now ${percent(most.share)}`}
          />
          <figcaption>Five minutes, busiest resource</figcaption>
        </figure>
      ) : null}
      <dl class="uses">
        {uses(device).map((use) => (
          <div key={use.name}>
            <dt>{use.name}</dt>
            <dd>
              <Bar share={use.share} label={`${use.name} of ${device.id} in use`} tone={use.share >= 0.9 ? "is-full" : "is-running"} />
              <span class="figures">
                {use.used} of {use.capacity}
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function QueueCard({ history }: { history: Sample[] }) {
  const now = queue.value;
  if (!now) return null;
  const recent = history.slice(-WIDTH);
  const most = Math.max(1, ...recent.map((sample) => sample.queued + sample.running));
  return (
    <section class="card device" aria-label="Queue">
      <h2>Queue</h2>
      <p class="hint">
        {count(now.running)} running, {count(now.queued)} of {count(now.queued_limit)} waiting
      </p>
      <figure class="over-time">
        <Spark
          points={recent.map((sample) => (sample.queued + sample.running) / most)}
          width={WIDTH}
          label={`Jobs waiting or running over the last five minutes; at most ${most}`}
        />
        <figcaption>Jobs waiting or running, at most {count(most)}</figcaption>
      </figure>
    </section>
  );
}

export function DevicesPage() {
  const all = devices.value;
  const error = trouble.value;
  const history = samples.value;
  return (
    <>
      <div class="page-head">
        <h1>Devices</h1>
      </div>
      {error ? <Failure error={error} /> : null}
      {all ? (
        <div class="cards">
          {all.map((device) => (
            <Card key={device.id} device={device} history={history} />
          ))}
          <QueueCard history={history} />
          <Metrics />
        </div>
      ) : error ? null : (
        <Notice kind="loading" title="Looking at the devices…" />
      )}
    </>
  );
}
