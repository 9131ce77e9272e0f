// Prints what visitors download and refuses a loader that has grown too large for pages of others.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LOADER_LIMIT = 5 * 1024;
const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

let loaderSize = Number.POSITIVE_INFINITY;
console.log("\nCompressed with gzip:");
for (const path of files(dist)) {
  const size = gzipSync(readFileSync(path), { level: 9 }).length;
  const name = relative(dist, path);
  if (name === "loader.js") loaderSize = size;
  console.log(`  ${name.padEnd(40)} ${(size / 1024).toFixed(2).padStart(8)} KB`);
}

if (loaderSize > LOADER_LIMIT) {
  console.error(`loader.js is missing or larger than ${LOADER_LIMIT / 1024} KB compressed: make it smaller.`);
  process.exit(1);
}
