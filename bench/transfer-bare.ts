import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Content } from "./transfer-content.ts";
import type { Contestant, TransferRun, TransferTool } from "./transfer-contestant.ts";
import { runCommand, usageDuring } from "./transfer-usage.ts";

/** Lower bound: WebSocket, TLS and SHA-256 of Bun, and the disk, without chat. */
export const bare: Contestant = {
  name: "bare prototype",
  start: async (folder) => {
    const target = join(folder, "arrived");
    mkdirSync(target);
    const entry = join(import.meta.dir, "transfer-bare-server.ts");
    const child = Bun.spawn([process.execPath, entry, target], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const chunk of child.stdout) {
      return new BareTransferTool(child, new TextDecoder().decode(chunk), target);
    }
    throw new Error("the bare server did not start");
  },
};

class BareTransferTool implements TransferTool {
  readonly #server: Bun.Subprocess;
  readonly #port: string;
  readonly #target: string;

  constructor(server: Bun.Subprocess, port: string, target: string) {
    this.#server = server;
    this.#port = port;
    this.#target = target;
  }

  async transfer(content: Content): Promise<TransferRun> {
    const entry = join(import.meta.dir, "transfer-bare-client.ts");
    const [done, receiver] = await usageDuring(this.#server.pid, async () => {
      const started = performance.now();
      const { usage } = await runCommand([process.execPath, entry, this.#port, content.path]);
      return { sender: usage, seconds: (performance.now() - started) / 1000 };
    });
    return { ...done, receiver, received: { path: join(this.#target, content.name) } };
  }

  removeReceived(): void {
    rmSync(this.#target, { recursive: true });
    mkdirSync(this.#target);
  }

  async stop(): Promise<void> {
    this.#server.kill();
    await this.#server.exited;
  }
}
