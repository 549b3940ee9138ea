// Light, dark, or as the system has it: what was chosen is kept in this browser. Not here: the colours (style/tokens.css).

import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const KEY = "newsreel.theme";

function kept(): Theme {
  const found = localStorage.getItem(KEY);
  return found === "light" || found === "dark" ? found : "system";
}

export const theme = signal<Theme>(kept());

effect(() => {
  const root = document.documentElement;
  if (theme.value === "system") {
    delete root.dataset.theme;
    localStorage.removeItem(KEY);
  } else {
    root.dataset.theme = theme.value;
    localStorage.setItem(KEY, theme.value);
  }
});
