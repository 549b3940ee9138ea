// The bar on top: where one is, whether the line to the daemon is open, light or dark. Not here: the pages.

import { line } from "../live/listen";
import { route } from "../route";
import { access, leave, signedIn } from "../session";
import { theme, type Theme } from "../theme";

const PAGES = [
  ["queue", "#/", "Queue"],
  ["devices", "#/devices", "Devices"],
  ["receivers", "#/receivers", "Receivers"],
  ["settings", "#/settings", "Settings"],
] as const;

function Nav() {
  const now = route.value.page;
  return (
    <nav aria-label="Pages">
      <ul>
        {PAGES.map(([page, href, name]) => (
          <li key={page}>
            <a href={href} aria-current={now === page ? "page" : undefined}>
              {name}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Line() {
  if (access.value !== "open" || line.value === "off") return null;
  const open = line.value === "open";
  return (
    <span class={`line ${open ? "is-open" : "is-lost"}`} role="status">
      {open ? "Live" : "Reconnecting…"}
    </span>
  );
}

function ThemeSwitch() {
  return (
    <label class="theme">
      <span class="unseen">Colours</span>
      <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
        <option value="system">Auto</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}

export function Header() {
  return (
    <header class="bar">
      <a class="brand" href="#/">
        Newsreel
      </a>
      {access.value === "open" ? <Nav /> : null}
      <div class="bar-end">
        <Line />
        <ThemeSwitch />
        {signedIn.value ? (
          <button type="button" class="quiet" onClick={() => void leave()}>
            Sign out
          </button>
        ) : null}
      </div>
    </header>
  );
}
