// The ladder of a job: how much of each rung is there, and what made it. Not here: the whole job's progress.

import type { Output } from "../api/types";
import { count, percent } from "../format";
import { Bar } from "./progress";

/** `cuda:0/h264_nvenc` is an encoder on a device. */
function Maker({ name }: { name: string }) {
  const [device, encoder] = name.split("/");
  return (
    <li>
      <span class="chip">{device}</span> {encoder}
    </li>
  );
}

export function Rungs({ outputs }: { outputs: Output[] }) {
  if (outputs.length === 0) return <p class="hint">The ladder is known once the clip was read.</p>;
  return (
    <div class="table-wrap" tabIndex={0} role="region" aria-label="Rungs">
      <table class="rungs">
        <thead>
          <tr>
            <th scope="col">Rung</th>
            <th scope="col">Published</th>
            <th scope="col">Segments</th>
            <th scope="col">Made by</th>
          </tr>
        </thead>
        <tbody>
          {outputs.map((output) => {
            const share = output.frames_total > 0 ? output.frames_done / output.frames_total : 0;
            return (
              <tr key={output.name}>
                <th scope="row">
                  {output.name}
                  <small>
                    {output.width}×{output.height} {output.codec}
                  </small>
                </th>
                <td>
                  <Bar share={share} label={`Progress of ${output.name}`} tone={share >= 1 ? "is-completed" : "is-running"} />
                  <span class="figures">{percent(share)}</span>
                </td>
                <td class="figures">
                  {count(output.segments_done)} of {count(output.segments_total)}
                </td>
                <td>
                  <ul class="makers">
                    {output.made_by.map((name) => (
                      <Maker key={name} name={name} />
                    ))}
                  </ul>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
