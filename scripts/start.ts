import { join } from "node:path";

/** `npm start`: builds if a source is newer, then serves on ./data. Flags go to `chat serve`. */

const ROOT = join(import.meta.dir, "..");
const binary = join(ROOT, "dist", process.platform === "win32" ? "chat.exe" : "chat");

async function run(command: readonly string[]): Promise<number> {
  const child = Bun.spawn([...command], { cwd: ROOT, stdio: ["inherit", "inherit", "inherit"] });
  const stop = () => child.kill("SIGTERM");
  process.on("SIGTERM", stop);
  const exitCode = await child.exited;
  process.off("SIGTERM", stop);
  return exitCode;
}

// A terminal's Ctrl-C reaches the server, too: it drains and stops, and we wait for it.
process.on("SIGINT", () => {});

const built = await run([process.execPath, join(ROOT, "build.ts"), "--if-needed"]);
if (built !== 0) process.exit(built);
const flags = process.argv.slice(2);
const isGiven = flags.some((flag) => flag === "--data" || flag.startsWith("--data="));
process.exit(await run([binary, "serve", ...(isGiven ? [] : ["--data", "./data"]), ...flags]));
