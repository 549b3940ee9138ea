// The frame around every page, and which page it is. Not here: the pages themselves.

import { useEffect } from "preact/hooks";
import { DevicesPage } from "./pages/devices";
import { JobPage } from "./pages/job";
import { LoginPage } from "./pages/login";
import { QueuePage } from "./pages/queue";
import { ReceiversPage } from "./pages/receivers";
import { SettingsPage } from "./pages/settings";
import { watch } from "./live/samples";
import { Announcer } from "./parts/announce";
import { Header } from "./parts/header";
import { Notice } from "./parts/notice";
import { route } from "./route";
import { access, look } from "./session";

const LOOK_AGAIN_MS = 5000;

const TITLES: Record<string, string> = { queue: "Queue", job: "Job", devices: "Devices", receivers: "Receivers", settings: "Settings" };

function Page() {
  const now = route.value;
  switch (now.page) {
    case "queue":
      return <QueuePage />;
    case "job":
      return <JobPage key={now.id} id={now.id} at={now.at} />;
    case "devices":
      return <DevicesPage />;
    case "receivers":
      return <ReceiversPage />;
    case "settings":
      return <SettingsPage />;
    default:
      return (
        <Notice kind="empty" title="There is no such page">
          <a href="#/">To the queue</a>
        </Notice>
      );
  }
}

function Gate() {
  switch (access.value) {
    case "open":
      return <Page />;
    case "key_needed":
      return <LoginPage />;
    case "refused":
      return (
        <Notice kind="error" title="This key may not look">
          It lacks the scope <code>read</code>. Sign out and come back with another.
        </Notice>
      );
    case "offline":
      return (
        <Notice kind="error" title="The daemon does not answer" live>
          It is asked again every few seconds.
        </Notice>
      );
    default:
      return <Notice kind="loading" title="Asking the daemon…" />;
  }
}

export function App() {
  useEffect(() => void look(), []);
  const open = access.value === "open";
  useEffect(() => (open ? watch() : undefined), [open]);
  const away = access.value === "offline";
  useEffect(() => {
    if (!away) return;
    const timer = setInterval(() => void look(), LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [away]);
  // Whoever hears the page rather than sees it is taken to what is new; the first page is begun at its top.
  const fragment = route.value;
  useEffect(() => {
    document.title = `${TITLES[fragment.page] ?? "Nothing"} · Newsreel`;
    if (document.activeElement && document.activeElement !== document.body) document.getElementById("content")?.focus();
    scrollTo(0, 0);
  }, [fragment]);
  return (
    <>
      <a class="skip" href="#content" onClick={skip}>
        To the content
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        <Gate />
      </main>
      <footer class="foot">
        <a href="/openapi.json">Interface</a> · <a href="/assets/licences.txt">Licences</a>
      </footer>
      <Announcer />
    </>
  );
}

/** The fragment belongs to the pages. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
