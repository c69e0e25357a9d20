import { join } from "node:path";

/**
 * `npm start`: builds if a source is newer, then runs `chat serve` on ./data with the given flags.
 */

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

// A terminal's Ctrl-C also reaches the server; wait until it has stopped.
process.on("SIGINT", () => {});

const buildExitCode = await run([process.execPath, join(ROOT, "build.ts"), "--if-needed"]);
if (buildExitCode !== 0) process.exit(buildExitCode);
const flags = process.argv.slice(2);
const hasDataFlag = flags.some((flag) => flag === "--data" || flag.startsWith("--data="));
process.exit(await run([binary, "serve", ...(hasDataFlag ? [] : ["--data", "./data"]), ...flags]));
