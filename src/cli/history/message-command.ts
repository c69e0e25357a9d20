/** Runs a command once per message, with the message on its standard input. */

import { Fault, msg } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import { startProgram } from "../child-program.ts";
import { type Context, printNotice } from "../context.ts";
import {
  type DisplayRecord,
  destinationName,
  type JsonOutput,
  recordJson,
  renderJson,
} from "../output/render.ts";
import { isRunByCmd } from "./run-by-cmd.ts";

/**
 * Runs the command without a shell, so that a text cannot become code. A failing command is
 * reported, and the next message runs it again.
 */
export class MessageCommand {
  /**
   * @param me the user, to name the other side of a conversation
   * @throws {Fault} not-found if there is no such program
   */
  constructor(
    private readonly context: Context,
    private readonly command: readonly string[],
    private readonly me: string,
  ) {
    const [program = ""] = command;
    const path = Bun.which(program, { PATH: context.env["PATH"] ?? "" });
    if (path !== null && !isRunByCmd(path)) return;
    if (path !== null) {
      throw new Fault(
        "usage",
        msg`--exec cannot run ${quoteText(program)}: cmd would run messages`,
        { remedy: msg`use PowerShell and $env:CHAT_TEXT: --exec powershell -File SCRIPT.ps1` },
      );
    }
    throw new Fault("not-found", msg`no program named ${quoteText(program)}`, {
      remedy: "check the words after --exec; for a shell command: --exec sh -c 'COMMAND'",
    });
  }

  /** Omits records that cannot be read. */
  async print(records: readonly DisplayRecord[]): Promise<void> {
    for (const record of records) if (isReadable(record)) await this.#run(record);
  }

  async #run(record: DisplayRecord): Promise<void> {
    const { seq } = record;
    const json = recordJson(record);
    try {
      const env = {
        ...this.context.env,
        CHAT_ROOM: destinationName(record, this.me),
        CHAT_FROM: String(json["from"]),
        CHAT_SEQ: String(seq),
        // The environment cannot contain NUL.
        CHAT_TEXT: textOf(json).replaceAll("\0", "\ufffd"),
      };
      const child = startProgram(this.command, env, {
        stdio: [new Blob([renderJson(json)]), "inherit", "inherit"],
      });
      const exitCode = await child.exited;
      if (exitCode !== 0) this.#report(`exited with ${child.signalCode ?? exitCode}`, seq);
    } catch (error) {
      this.#report(`could not be run (${error instanceof Error ? error.message : error})`, seq);
    }
  }

  #report(what: string, seq: number): void {
    printNotice(this.context, `${this.command[0]} ${what} for message ${seq}`);
  }
}

function isReadable({ kind }: DisplayRecord): boolean {
  return kind !== "damaged" && kind !== "unreadable" && kind !== "erased";
}

function textOf({ text, topic, name }: JsonOutput): string {
  const value = text ?? topic ?? name;
  return typeof value === "string" ? value : "";
}
