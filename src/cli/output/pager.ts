/** Pager of a terminal: `$PAGER`, else `less`. */

import type { FileSink, Subprocess } from "bun";
import type { Context } from "../context.ts";

type PagerContext = Pick<Context, "env" | "stdout" | "onSignal">;

export class Pager {
  readonly #child: Subprocess<"pipe", "inherit", "inherit">;
  readonly #release: () => void;

  private constructor(context: PagerContext, command: readonly string[]) {
    this.#child = Bun.spawn([...command], {
      // As git does: quit if the text fits on the screen, and keep colours.
      env: { LESS: "FRX", LV: "-c", ...context.env },
      stdio: ["pipe", "inherit", "inherit"],
    });
    // Ctrl-C belongs to the pager.
    this.#release = context.onSignal(() => {});
  }

  /** @returns `undefined` without a terminal or a pager */
  static open(context: PagerContext): Pager | undefined {
    const { env, stdout } = context;
    const [program = "", ...args] = (env["PAGER"] || "less").split(/\s+/);
    if (!stdout.isTerminal || env["TERM"] === "dumb" || program === "cat") return undefined;
    const path = Bun.which(program, { PATH: env["PATH"] ?? "" });
    return path === null ? undefined : new Pager(context, [path, ...args]);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null;
  }

  async write(text: string): Promise<void> {
    const input: FileSink = this.#child.stdin;
    try {
      await Promise.all([input.write(text), input.flush()]);
    } catch {
      // The user has quit the pager.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#child.stdin.end();
    } catch {
      // The user has quit the pager.
    }
    await this.#child.exited;
    this.#release();
  }
}
