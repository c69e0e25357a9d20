import { NOTIFICATION_CODE_POINTS_MAX } from "../../../base/limits-screen.ts";
import { cleanText } from "../../../base/text.ts";

/**
 * What makes the terminal tell the desktop. Terminals that know it not show nothing.
 * @param how `osc9`: iTerm2, WezTerm, Windows Terminal; `osc777`: urxvt, foot, Ghostty
 */
export function notificationText(title: string, text: string, how: "osc9" | "osc777"): string {
  const about = short(title).replaceAll(";", ",");
  // A number and a semicolon at the beginning would be another command of OSC 9.
  if (how === "osc9") return `\x1b]9;${about}: ${short(text)}\x1b\\`;
  return `\x1b]777;notify;${about};${short(text).replaceAll(";", ",")}\x1b\\`;
}

/** Runs a command without a shell. Resolves when it has ended, rejects when there is none. */
export type RunCommand = (command: readonly string[]) => Promise<unknown>;

/** Tells the desktop by `notify-send`, for those who asked for it. */
export class DesktopNotifier {
  readonly #run: RunCommand;
  #isBusy = false;

  constructor(run: RunCommand = runQuietly) {
    this.#run = run;
  }

  /** While the one before is on its way nothing is told: words must not pile up as processes. */
  async tell(title: string, text: string): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    // Some desktops read the text as markup.
    const body = short(text)
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;");
    try {
      await this.#run(["notify-send", "--app-name=chat", "--", short(title), body]);
    } catch {
      // No such program: the bell has rung nevertheless.
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
