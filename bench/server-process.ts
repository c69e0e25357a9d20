import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The compiled server in a folder of its own, and what the kernel says it used. */
export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  readonly folder: string;
  /** User and system time so far. */
  cpuSeconds(): number;
  residentBytes(): number;
  /** And removes the folder, unless somebody goes on with it. */
  stop(keep?: boolean): Promise<void>;
}

const BINARY = join(import.meta.dir, "..", "dist", "chat");
const COMMAND = process.env["CHAT_SERVER_COMMAND"]?.split(" ") ?? [BINARY];
const UNLIMITED = ["--posts-per-second", "10000000"];
/** Linux: `getconf CLK_TCK`. */
const TICKS_PER_SECOND = 100;

export async function startServer(
  flags: readonly string[] = UNLIMITED,
  folder = mkdtempSync(join(tmpdir(), "chat-bench-")),
): Promise<ServerProcess> {
  const child = Bun.spawn(
    [
      ...COMMAND,
      ...["serve", "--host", "127.0.0.1", "--port", "0", "--data", join(folder, "data")],
      ...["--open", "--json", ...flags],
    ],
    {
      env: { ...process.env, CHAT_HOME: join(folder, "home"), XDG_RUNTIME_DIR: folder },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const [first = ""] = new TextDecoder().decode(value).split("\n");
  const { port } = JSON.parse(first) as { port: number };
  const drain = async () => {
    while (!(await reader.read()).done);
  };
  void drain();
  return {
    pid: child.pid,
    port,
    folder,
    cpuSeconds: () => cpuSeconds(child.pid),
    residentBytes: () => residentBytes(child.pid),
    stop: async (keep = false) => {
      child.kill("SIGTERM");
      await child.exited;
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}
