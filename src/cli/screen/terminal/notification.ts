/** Desktop notifications, through the terminal or `notify-send`. */

import { NOTIFICATION_CODE_POINTS_MAX } from "../../../base/limits-screen.ts";
import { cleanText } from "../../../base/text.ts";

/**
 * Returns the escape sequence of a desktop notification. Other terminals ignore it.
 * @param protocol `osc9`: iTerm2, WezTerm, Windows Terminal; `osc777`: urxvt, foot, Ghostty
 */
export function notificationText(title: string, text: string, protocol: "osc9" | "osc777"): string {
  const cleanTitle = short(title).replaceAll(";", ",");
  // OSC 9 with a leading number and semicolon is another command.
  if (protocol === "osc9") return `\x1b]9;${cleanTitle}: ${short(text)}\x1b\\`;
  return `\x1b]777;notify;${cleanTitle};${short(text).replaceAll(";", ",")}\x1b\\`;
}

/**
 * Runs a command without a shell. Resolves when the command has ended; rejects if it does not
 * exist.
 */
export type RunCommand = (command: readonly string[]) => Promise<unknown>;

export class DesktopNotifier {
  readonly #run: RunCommand;
  #isBusy = false;

  constructor(run: RunCommand = runQuietly) {
    this.#run = run;
  }

  /**
   * Skips a notification while the previous process is running, to prevent a backlog of processes.
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
      await this.#run(["notify-send", "--app-name=chat", "--", short(title), body]);
    } catch {
      // `notify-send` is missing; the terminal bell has rung already.
    } finally {
      this.#isBusy = false;
    }
  }
}

async function runQuietly(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdio: ["ignore", "ignore", "ignore"] });
  child.unref();
  await child.exited;
}

function short(text: string): string {
  const points = Array.from(cleanText(text));
  if (points.length <= NOTIFICATION_CODE_POINTS_MAX) return points.join("");
  return `${points.slice(0, NOTIFICATION_CODE_POINTS_MAX - 1).join("")}…`;
}
