/** `npm run soak [-- SUITE]`: starts a soak, by default `load`, with the other arguments. */
import { join } from "node:path";

/** `unshare` makes the mounts and networks of these suites private. */
const SUITES: Readonly<Record<string, { program: string; unshare?: string }>> = {
  load: { program: "load.ts" },
  tests: { program: "tests.ts" },
  "power-loss": { program: "power-loss.ts", unshare: "-m" },
  release: { program: "release.ts", unshare: "-m" },
  cluster: { program: "cluster.ts", unshare: "-mn" },
  lesson: { program: "lesson.ts" },
  upgrade: { program: "upgrade.ts" },
};

const args = process.argv.slice(2);
const name = args[0] === undefined || args[0].startsWith("--") ? "load" : (args.shift() ?? "");
const suite = Object.hasOwn(SUITES, name) ? SUITES[name] : undefined;
if (suite === undefined) {
  throw new Error(`unknown soak ${name}; soaks: ${Object.keys(SUITES).join(", ")}`);
}
const isolation = suite.unshare === undefined ? [] : ["unshare", suite.unshare];
const command = [...isolation, process.execPath, join(import.meta.dir, suite.program), ...args];
const child = Bun.spawn(command, { stdio: ["ignore", "inherit", "inherit"] });
process.exit(await child.exited);
