// Writes src/gen/version.ts, so that the version stands in package.json alone.
import { readFileSync, writeFileSync } from "node:fs";

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
writeFileSync(new URL("src/gen/version.ts", import.meta.url), `export const VERSION: string = ${JSON.stringify(version)};\n`);
