// How the console is built: one page, hashed assets, nothing from elsewhere. Not here: what it shows (src/).

import { defineConfig } from "vite";
import { licences } from "./licences.mjs";

// `npm run dev` shows it over a daemon that runs already.
const daemon = process.env.NEWSREEL_URL ?? "http://127.0.0.1:8470";

export default defineConfig({
  base: "/",
  plugins: [licences()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    outDir: "dist/console",
    emptyOutDir: true,
    target: "es2022",
    // An address with `data:` would be a picture that no hash names.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { output: { manualChunks: { hls: ["hls.js"] } } },
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: { "/v1": daemon, "/media": daemon, "/metrics": daemon } },
});
