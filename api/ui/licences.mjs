// Lists what is bundled into the console, each with its licence, as assets/licences.txt. Fails on one we did not agree to.
//
// Not here: packages that only help building; nothing of them is in the bundle.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const ALLOWED = new Set(["MIT", "Apache-2.0", "BSD-3-Clause", "ISC"]);

/** The folder of the package that a module belongs to. */
function folder(module) {
  const found = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module);
  return found?.[1];
}

function words(at) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(at, "package.json"), "utf8"));
  if (!ALLOWED.has(license)) throw new Error(`${name} is under ${license}: not a licence we bundle`);
  const file = readdirSync(at).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(path.join(at, file), "utf8").trim() : `Licence: ${license}`;
  return `${name} ${version} (${license})\n\n${text}\n`;
}

/** For Vite: the list is made from the modules that are really in. */
export function licences() {
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      const modules = [...this.getModuleIds()].map((id) => folder(id.replace(/^\0/, "")));
      const packages = [...new Set(modules)].filter((at) => at && existsSync(path.join(at, "package.json"))).sort();
      const source = packages.map(words).join(`\n${"-".repeat(78)}\n\n`);
      this.emitFile({ type: "asset", fileName: "assets/licences.txt", source });
    },
  };
}
