/** Desktop notifications through the terminal or `notify-send`. */

import { NOTIFICATION_CODE_POINTS_MAX } from "../../../base/limits-screen.ts";
import { cleanText } from "../../../base/text.ts";
import { startProgram } from "../../child-program.ts";
import type { Environment } from "../../settings.ts";

/**
 * Terminals ignore an unsupported sequence.
 * @param protocol `osc9` for iTerm2, WezTerm and Windows Terminal; `osc777` for urxvt, foot and
 * Ghostty
 */
export function notificationText(title: string, text: string, protocol: "osc9" | "osc777"): string {
  const cleanTitle = short(title).replaceAll(";", ",");
  // OSC 9 followed by a number and a semicolon is a different command, so the title contains no
  // semicolon.
  if (protocol === "osc9") return `\x1b]9;${cleanTitle}: ${short(text)}\x1b\\`;
  return `\x1b]777;notify;${cleanTitle};${short(text).replaceAll(";", ",")}\x1b\\`;
}

/** Runs a command without a shell. Resolves when it has ended; rejects if it does not exist. */
export type RunCommand = (command: readonly string[]) => Promise<unknown>;

export class DesktopNotifier {
  #isBusy = false;

  constructor(private readonly run: RunCommand) {}

  /**
   * Skips a notification while the previous `notify-send` runs, so that processes do not
   * accumulate.
   */
  async notify(title: string, text: string): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    // Some desktops interpret the text as markup.
    const body = short(text)
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;");
    try {
      await this.run(["notify-send", "--app-name=chat", "--", short(title), body]);
    } catch {
      // Ignored if `notify-send` is missing, because the terminal bell has already rung.
    } finally {
      this.#isBusy = false;
    }
  }
}

export async function runQuietly(command: readonly string[], env: Environment): Promise<void> {
  const child = startProgram(command, env, { stdio: ["ignore", "ignore", "ignore"] });
  child.unref();
  await child.exited;
}

function short(text: string): string {
  const points = Array.from(cleanText(text));
  if (points.length <= NOTIFICATION_CODE_POINTS_MAX) return points.join("");
  return `${points.slice(0, NOTIFICATION_CODE_POINTS_MAX - 1).join("")}…`;
}
