// Fails when src/gen is not what `npm run generate` would write.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// npm runs scripts in the folder of their package: the other pages use this one, too.
const root = process.cwd();
const fresh = mkdtempSync(join(tmpdir(), "beseda-gen-"));

function contents(folder) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(names.map((name) => [name.slice(folder.length), readFileSync(name, "utf8")]));
}

try {
  execFileSync(join(root, "node_modules/.bin/buf"), ["generate", "--output", fresh], {
    cwd: root,
    stdio: "inherit",
  });
  const expected = contents(join(fresh, "src/gen"));
  const actual = contents(join(root, "src/gen"));
  const names = new Set([...expected.keys(), ...actual.keys()]);
  const stale = [...names].filter((name) => expected.get(name) !== actual.get(name));
  if (stale.length > 0) {
    console.error(`src/gen differs from proto/, run \`npm run generate\`: ${stale.join(", ")}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true });
}
