// A line over time, 0–1 high. Not here: where its points come from.

interface Props {
  points: number[];
  /** How many points the whole width is. */
  width: number;
  label: string;
}

const HEIGHT = 100;

export function Spark({ points, width, label }: Props) {
  const left = width - points.length;
  const line = points.map((share, index) => `${left + index},${(1 - share) * HEIGHT}`).join(" ");
  const last = width - 1;
  return (
    <svg class="spark" viewBox={`0 0 ${last} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <polygon points={`${left},${HEIGHT} ${line} ${last},${HEIGHT}`} />
      <polyline points={line} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
