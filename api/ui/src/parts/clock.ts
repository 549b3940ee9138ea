// The time, now and then, for words like "5 minutes ago". Not here: formatting it.

import { useEffect, useState } from "preact/hooks";

const EVERY_MS = 15_000;

export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
