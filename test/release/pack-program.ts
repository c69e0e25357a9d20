/** Packs stand-in files in a folder, so that the umask of the process takes effect. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { archiveTasks } from "../../tools/release/archives.ts";
import { packDeb } from "../../tools/release/deb.ts";
import { packRpm } from "../../tools/release/rpm.ts";
import { EPOCH, standInFiles, standInPrograms } from "./stand-in.ts";

const [parent = "", umask = ""] = process.argv.slice(2);
const TARGETS = ["linux-x64", "windows-x64"];

process.umask(Number.parseInt(umask, 8));
const folder = join(parent, "release");
mkdirSync(folder);
const programs = standInPrograms(join(parent, "programs"), TARGETS);
const staged = standInFiles(join(parent, "staged"), Date.now() / 1000);
const common = { folder, trees: join(parent, "trees"), version: "0.2.0", staged, epoch: EPOCH };
for (const target of TARGETS) {
  for (const task of archiveTasks({ ...common, programs }, target)) await task();
}
const options = { ...common, target: "linux-x64", program: join(programs, "chat-linux-x64") };
await packDeb(options);
await packRpm(options);
