/** Two network namespaces connected by an emulated path (udp-emulator.ts). Linux only, as root. */
import { join } from "node:path";
import type { Path } from "./udp-emulator.ts";

export type Side = "near" | "far";

export const FAR = "10.77.0.2";
const NEAR = "10.77.0.1";
const NETWORK = "10.77.0.0/24";
const ADDRESSES: Readonly<Record<Side, string>> = { near: NEAR, far: FAR };

export class EmulatedPath {
  readonly #emulator: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #spaces: Readonly<Record<Side, string>>;
  readonly #interfaces: readonly (readonly [string, string])[];

  private constructor(
    emulator: Bun.Subprocess<"pipe", "pipe", "inherit">,
    spaces: Readonly<Record<Side, string>>,
    devices: Readonly<Record<Side, string>>,
  ) {
    this.#emulator = emulator;
    this.#spaces = spaces;
    this.#interfaces = [
      [spaces.near, devices.near],
      [spaces.far, devices.far],
    ];
  }

  static async open(path: Path): Promise<EmulatedPath> {
    const spaces = { near: `chat-n${process.pid}`, far: `chat-f${process.pid}` };
    const devices = { near: `cn${process.pid}`, far: `cf${process.pid}` };
    const entry = join(import.meta.dir, "udp-emulator.ts");
    const argv = [process.execPath, entry, JSON.stringify(path), devices.near, devices.far];
    const emulator = Bun.spawn(argv, { stdio: ["pipe", "pipe", "inherit"] });
    const first = await emulator.stdout.getReader().read();
    if (first.done) throw new Error("no TUN devices: this part needs Linux and root");
    for (const side of ["near", "far"] as const) {
      const [space, device] = [spaces[side], devices[side]];
      run("ip", "netns", "add", space);
      run("ip", "link", "set", device, "netns", space);
      run("ip", "-n", space, "addr", "add", `${ADDRESSES[side]}/24`, "dev", device);
      run("ip", "-n", space, "link", "set", device, "up", "txqueuelen", "2000");
      run("ip", "-n", space, "link", "set", "lo", "up");
    }
    return new EmulatedPath(emulator, spaces, devices);
  }

  congestion(name: "cubic" | "bbr"): void {
    for (const [space, device] of this.#interfaces) {
      run("ip", "-n", space, "route", "replace", NETWORK, "dev", device, "congctl", name);
    }
  }

  commandPrefix(side: Side): readonly string[] {
    return ["ip", "netns", "exec", this.#spaces[side]];
  }

  async close(): Promise<void> {
    this.#emulator.stdin.end();
    await this.#emulator.exited;
    for (const space of Object.values(this.#spaces)) run("ip", "netns", "del", space);
  }
}

export function unsupportedReason(): string | undefined {
  if (process.platform !== "linux") return "only Linux has TUN devices";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  return Bun.which("ip") === null ? "`ip` (iproute2) is not installed" : undefined;
}

export function hasTcpBbr(): boolean {
  const { stdout } = Bun.spawnSync(["sysctl", "-n", "net.ipv4.tcp_available_congestion_control"]);
  return stdout.toString().includes("bbr");
}

function run(...argv: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync([...argv]);
  if (!success) throw new Error(`${argv.join(" ")}: ${stderr}`);
}
