/** Pager of a terminal: `$PAGER`, else `less`. */

import type { FileSink, Subprocess } from "bun";
import { quoteText } from "../../base/text.ts";
import { isAppendOnly } from "../../io/terminal/terminal-type.ts";
import { startProgram } from "../child-program.ts";
import { type Context, printNotice } from "../context.ts";

type PagerContext = Pick<Context, "env" | "stdout" | "stderr" | "onSignal">;

/** A pager that has received more has begun to show it. */
const KEPT_CHARS_MAX = 1 << 20;

export class Pager {
  readonly #child: Subprocess<"pipe", "inherit", "inherit">;
  readonly #release: () => void;
  /** Text to print if the pager fails; `undefined` once it is too long or printed. */
  #kept: string | undefined = "";
  #isInterrupted = false;

  private constructor(
    private readonly context: PagerContext,
    private readonly name: string,
    command: readonly string[],
  ) {
    // As git does: quit if the text fits on the screen, and keep colours.
    const env = { LESS: "FRX", LV: "-c", ...context.env };
    this.#child = startProgram(command, env, { stdio: ["pipe", "inherit", "inherit"] });
    // Ctrl-C belongs to the pager.
    this.#release = context.onSignal(() => {
      this.#isInterrupted = true;
    });
  }

  /** @returns `undefined` without a terminal or a pager */
  static open(context: PagerContext): Pager | undefined {
    const { env, stdout } = context;
    const name = env["PAGER"]?.trim() || "less";
    if (!stdout.isTerminal || isAppendOnly(env) || name === "cat") return undefined;
    const command = commandOf(name, env["PATH"] ?? "");
    try {
      return command && new Pager(context, name, command);
    } catch {
      return undefined; // The file is no program.
    }
  }

  /** Whether the user has quit the pager. */
  get isQuit(): boolean {
    return this.#child.exitCode === 0;
  }

  async write(text: string): Promise<void> {
    if (this.#kept !== undefined) this.#kept += text;
    if (this.#printsDirectly()) return;
    if ((this.#kept?.length ?? 0) > KEPT_CHARS_MAX) this.#kept = undefined;
    const input: FileSink = this.#child.stdin;
    try {
      await Promise.all([input.write(text), input.flush()]);
    } catch {
      // The user has quit the pager, or it has failed.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#child.stdin.end();
    } catch {
      // The user has quit the pager, or it has failed.
    }
    await this.#child.exited;
    this.#printsDirectly();
    this.#release();
  }

  /** Prints the text without the pager if that has failed. */
  #printsDirectly(): boolean {
    const { exitCode, signalCode } = this.#child;
    if ((exitCode ?? 0) === 0 && signalCode === null) return false;
    if (this.#isInterrupted) return true;
    if (this.#kept !== undefined && this.#kept !== "") {
      const reason = signalCode ?? `exit code ${exitCode}`;
      printNotice(this.context, `the pager ${quoteText(this.name)} failed (${reason})`);
      this.context.stdout.write(this.#kept);
      this.#kept = "";
    }
    return true;
  }
}

/** Characters that a shell would interpret; without them, no shell is needed. */
const SHELL_SYNTAX = /[^\w\s./:=+,@-]/;

/** As git and man do, a value with quotes, a pipe or a variable is run by the shell. */
function commandOf(pager: string, path: string): readonly string[] | undefined {
  if (process.platform !== "win32" && SHELL_SYNTAX.test(pager)) return ["/bin/sh", "-c", pager];
  const [program = "", ...args] = pager.split(/\s+/);
  const found = Bun.which(program, { PATH: path });
  return found === null ? undefined : [found, ...args];
}
