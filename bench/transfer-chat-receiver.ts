import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { linesOf } from "./harness.ts";
import type { ChatCommand } from "./transfer-chat.ts";

interface GotLine {
  readonly kind: string;
  readonly id: string;
  readonly path: string;
}

const ARRIVAL_TIMEOUT_MS = 600_000;

/** A `chat get-file --follow` process, which downloads every new file. */
export class ChatReceiver {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "ignore">;
  readonly #folder: string;
  readonly #lines: AsyncGenerator<string>;

  private constructor(child: Bun.Subprocess<"ignore", "pipe", "ignore">, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#lines = linesOf(child.stdout);
  }

  static follow(command: ChatCommand, parent: string): ChatReceiver {
    const folder = join(parent, "followed");
    mkdirSync(folder);
    const child = Bun.spawn([...command.argv, "--follow", "--json", "--out", folder], {
      env: { ...process.env, ...command.env },
      stdio: ["ignore", "pipe", "ignore"], // Faults are on stdout, too.
    });
    return new ChatReceiver(child, folder);
  }

  get pid(): number {
    return this.#child.pid;
  }

  async next(): Promise<GotLine> {
    const timer = setTimeout(() => this.#child.kill(), ARRIVAL_TIMEOUT_MS);
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error("get-file --follow ended before the file arrived");
      const line: GotLine = JSON.parse(value);
      if (line.kind !== "got") continue;
      clearTimeout(timer);
      return line;
    }
  }

  removeReceived(): void {
    rmSync(this.#folder, { recursive: true });
    mkdirSync(this.#folder);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGINT");
    await this.#child.exited;
  }
}
