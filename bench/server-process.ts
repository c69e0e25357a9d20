import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { newFolder } from "./harness.ts";
import { processTree } from "./transfer-usage.ts";

/** The compiled server in its own folder, and its resource usage. */
export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  readonly folder: string;
  cpuSeconds(): number;
  residentBytes(): number;
  peakBytes(): number;
  descriptors(): number;
  openFiles(): string[];
  stop(keepFolder?: boolean): Promise<void>;
  kill(): Promise<void>;
}

const BINARY = join(import.meta.dir, "..", "dist", "chat");
const COMMAND = process.env["CHAT_SERVER_COMMAND"]?.split(" ") ?? [BINARY];
export const UNLIMITED = ["--posts-per-second", "10000000", "--texts-per-day", "1T"];
/** Linux: `getconf CLK_TCK`. */
const TICKS_PER_SECOND = 100;

export async function startServer(
  flags: readonly string[] = UNLIMITED,
  folder = newFolder(),
  requestedPort = 0,
  prefix: readonly string[] = [],
  host = "127.0.0.1",
): Promise<ServerProcess> {
  const child = Bun.spawn(
    [
      ...prefix,
      ...COMMAND,
      ...["serve", "--host", host, "--port", `${requestedPort}`],
      ...["--data", join(folder, "data"), "--open", "--json", "--quiet", ...flags],
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
    peakBytes: () => peakBytes(child.pid),
    descriptors: () => readdirSync(`/proc/${child.pid}/fd`).length,
    openFiles: () => openFiles(child.pid),
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
    stop: async (keepFolder = false) => {
      child.kill("SIGTERM");
      await child.exited;
      if (!keepFolder) rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** CPU seconds of a server and its running children. */
export function treeCpuSeconds(pid: number): number {
  return processTree(pid).reduce((sum, child) => sum + cpuSeconds(child), 0);
}

export function treePeakBytes(pid: number): number {
  return processTree(pid).reduce((sum, child) => sum + peakBytes(child), 0);
}

export function residentBytes(pid: number): number {
  return statusBytes(pid, "VmRSS");
}

export function peakBytes(pid: number): number {
  return statusBytes(pid, "VmHWM");
}

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name))];
    } catch {
      return [];
    }
  });
}

function statusBytes(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024;
}
