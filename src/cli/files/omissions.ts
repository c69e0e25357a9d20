/** Entries that a command left out of an otherwise complete result. */

import { join } from "node:path";
import { FAULTS } from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";
import type { SkippedEntry } from "../../core/transfer/folder-list.ts";
import type { Source } from "../../io/blob/interfaces.ts";
import { ENGLISH_TERMINAL } from "../../ui/messages/en/terminal.ts";
import type { Context } from "../context.ts";
import { renderJson } from "../output/render.ts";
import { SourceNotes } from "./sources.ts";

/** For the help of each command that can leave something out. */
export const OMISSIONS_HELP = "Names each entry that it leaves out, and then exits with code 7.";

interface OmittedKind {
  readonly reason: string;
  readonly count: number;
  readonly example: string;
}

/**
 * Names each entry on standard error and, with `--json`, as `{"kind":"skipped","path","reason"}` on
 * standard output.
 */
export class Omissions {
  #isEmpty = true;
  readonly #notes = new WeakMap<Source, SourceNotes>();

  /** @param print writes a line for people, for example above a progress bar */
  constructor(
    private readonly context: Pick<Context, "json" | "stdout">,
    private readonly print: (line: string) => void,
  ) {}

  add({ path, reason }: SkippedEntry): void {
    this.#isEmpty = false;
    this.print(ENGLISH_TERMINAL.skippedEntry(cleanText(`${path}: ${reason}`)));
    if (this.context.json) this.context.stdout.write(renderJson({ kind: "skipped", path, reason }));
  }

  /**
   * Adds several equal entries by their number, in JSON as
   * `{"kind":"skipped","count","reason","example"}`.
   * @param isComplete true if the result is complete without them
   */
  addKind({ reason, count, example }: OmittedKind, isComplete: boolean): void {
    if (!isComplete) this.#isEmpty = false;
    const text = `${count}: ${reason}, for example ${example}`;
    this.print(ENGLISH_TERMINAL.skippedEntry(cleanText(text)));
    if (!this.context.json) return;
    this.context.stdout.write(renderJson({ kind: "skipped", count, reason, example }));
  }

  /**
   * Adds what the source leaves out and was not added by an earlier call.
   * @param folder path of the folder, to name an entry of one of several folders
   */
  addFrom(source: Source, folder = ""): void {
    const notes = this.#notes.get(source) ?? new SourceNotes(source);
    this.#notes.set(source, notes);
    for (const { path, reason } of notes.newSkipped())
      this.add({ path: join(folder, path), reason });
    for (const path of notes.newGrown()) {
      this.print(cleanText(ENGLISH_TERMINAL.grownFile(join(folder, path))));
    }
  }

  /** @returns `code` if the command failed; otherwise 7 if anything was left out, or 0 */
  exitCode(code = 0): number {
    if (code !== 0 || this.#isEmpty) return code;
    return FAULTS.incomplete.exitCode;
  }
}
