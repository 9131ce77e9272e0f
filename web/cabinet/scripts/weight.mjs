// Prints what clients download before any data and refuses a page that has grown too heavy for a phone.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT = 120 * 1024;
const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");

const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));

let total = 0;
console.log("\nCompressed with gzip:");
for (const path of files) {
  const size = gzipSync(readFileSync(path), { level: 6 }).length;
  total += size;
  console.log(`  ${relative(dist, path).padEnd(40)} ${(size / 1024).toFixed(2).padStart(8)} KB`);
}
console.log(`  ${"together".padEnd(40)} ${(total / 1024).toFixed(2).padStart(8)} KB`);

if (total > LIMIT) {
  console.error(`The page weighs more than ${LIMIT / 1024} KB compressed: make it lighter.`);
  process.exit(1);
}
