/** Terminal modes of the full screen, restored on every exit. */

import { type Clock, withTimeout } from "../../../io/clock.ts";
import type { TerminalDevice } from "../../../io/terminal/device.ts";

/**
 * Milliseconds after which a process that could not be stopped, such as one without a shell,
 * continues.
 */
const SUSPEND_TIMEOUT_MS = 100;
/** Milliseconds that a blocked terminal may delay the end of the process. */
const EXIT_TIMEOUT_MS = 500;
/** Cancels an incomplete sequence. */
const CANCEL = "\x18\x1b\\";

export interface ModesOptions {
  readonly device: TerminalDevice;
  readonly clock: Pick<Clock, "after">;
  readonly mouse: boolean;
  /** Pending queries, whose answers must not reach the shell. */
  readonly queries: { settled(): Promise<void>; discardPending(): void };
  /** The screen's content or size has changed, and all must be drawn again. */
  readonly onInvalidated: () => void;
  /** Output to write before the terminal is given back. */
  readonly onLeave?: () => string;
}

/**
 * Modes that the full screen sets, and restores on every exit: at the end, after an error, when
 * Ctrl-Z stops it, and when a signal ends it.
 */
export class TerminalModes {
  readonly #options: ModesOptions;
  #hasMouse: boolean;
  #isActive = false;
  /** The process was stopped from the full screen and returns to it. */
  #isSuspended = false;
  #removeListeners: readonly (() => void)[] = [];
  #removeStopListener = () => {};

  constructor(options: ModesOptions) {
    this.#options = options;
    this.#hasMouse = options.mouse;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** Takes effect immediately, or when the screen is next entered. */
  setMouse(on: boolean): void {
    if (on === this.#hasMouse) return;
    this.#hasMouse = on;
    if (this.#isActive) this.#options.device.output.write(`\x1b[?${MOUSE}${on ? "h" : "l"}`);
  }

  enter(): void {
    if (this.#isActive) return;
    const { device, onInvalidated: onLost, queries } = this.#options;
    if (this.#removeListeners.length === 0) {
      this.#removeListeners = [
        device.on("resize", () => this.#resized()),
        device.on("continued", () => this.#continued()),
        device.on("exit", () => this.#leaveSync()),
      ];
    }
    this.#removeStopListener();
    this.#removeStopListener = device.on("stop", () => void this.suspend("process"));
    this.#isActive = true;
    queries.discardPending();
    device.setRaw(true);
    device.output.write(SAVE_TITLE + enterText(this.#hasMouse));
    onLost();
  }

  /**
   * Resolves when the terminal has its own screen back.
   * @param timeoutMs maximum wait for a blocked terminal; forever if `undefined`
   */
  async leave(timeoutMs?: number): Promise<void> {
    if (!this.#isActive) return;
    this.#isActive = false;
    const { device, queries } = this.#options;
    const { output } = device;
    output.write(this.#leaveText());
    const flushed = output.flushed();
    await (timeoutMs === undefined
      ? flushed
      : withTimeout(flushed, timeoutMs, () => undefined, this.#options.clock));
    const isFlushed = output.queuedBytes() === 0;
    if (isFlushed) await queries.settled();
    if (!this.#isActive) device.setRaw(false);
  }

  /** Leaves permanently. Waits at most half a second for a blocked terminal. */
  async close(): Promise<void> {
    await this.leave(EXIT_TIMEOUT_MS);
    for (const remove of [...this.#removeListeners, this.#removeStopListener]) remove();
    this.#removeListeners = [];
  }

  /**
   * Handles Ctrl-Z, which is a key in raw mode: returns to the shell; `fg` redraws.
   * @param scope stops the whole job, as the terminal would have done, or only this process
   */
  async suspend(scope: "group" | "process" = "group"): Promise<void> {
    if (!this.#isActive) return;
    const { device } = this.#options;
    this.#isSuspended = true;
    await this.leave();
    this.#removeStopListener(); // The signal must have its default effect.
    device.stop(scope);
    this.#options.clock.after(SUSPEND_TIMEOUT_MS, () => {
      if (this.#isSuspended) this.#continued();
    });
  }

  #resized(): void {
    if (this.#isActive) this.#options.onInvalidated();
  }

  #continued(): void {
    if (this.#isSuspended) {
      this.#isSuspended = false;
      this.enter();
    } else if (this.#isActive) {
      // Stopped without warning (`kill -STOP`): the shell has set its own modes meanwhile.
      const { device, onInvalidated: onLost, queries } = this.#options;
      queries.discardPending();
      device.setRaw(false); // The process must learn of the change that follows.
      device.setRaw(true);
      device.output.write(enterText(this.#hasMouse));
      onLost();
    }
  }

  #leaveText(): string {
    return (this.#options.onLeave?.() ?? "") + leaveText(this.#hasMouse);
  }

  /** The process ends here, without time to wait for queued output. */
  #leaveSync(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    const { device } = this.#options;
    const isQueued = device.output.queuedBytes() > 0;
    device.writeNow((isQueued ? CANCEL : "") + this.#leaveText(), EXIT_TIMEOUT_MS);
    device.setRaw(false);
  }
}

/** Numbers of DEC private modes. */
const ALTERNATE_SCREEN = 1049;
const AUTO_WRAP = 7;
const BRACKETED_PASTE = 2004;
const FOCUS_EVENTS = 1004;
/** Buttons and wheel, in SGR form. */
const MOUSE = "1000;1006";
const SYNCHRONIZED = 2026;

/** Saves the shell's title, to restore it later. */
const SAVE_TITLE = "\x1b[22;2t";
const RESTORE_TITLE = "\x1b[23;2t";

/**
 * Resets attributes, region, insert mode, origin mode and charset, which another program may have
 * changed.
 */
const PLAIN_STATE = "\x1b[m\x1b[r\x1b[4l\x1b[?6l\x0f\x1b(B";

function enterText(mouse: boolean): string {
  const on = `\x1b[?${BRACKETED_PASTE};${FOCUS_EVENTS}${mouse ? `;${MOUSE}` : ""}h`;
  return `\x1b[?${ALTERNATE_SCREEN}h${PLAIN_STATE}\x1b[?${AUTO_WRAP}l${on}`;
}

function leaveText(mouse: boolean): string {
  const off = `\x1b[?${BRACKETED_PASTE};${FOCUS_EVENTS}${mouse ? `;${MOUSE}` : ""}l`;
  const resets = `\x1b[m\x1b]8;;\x1b\\\x1b[r\x1b[?${SYNCHRONIZED}l\x1b[?${AUTO_WRAP};25h`;
  return `${off}${resets}\x1b[?${ALTERNATE_SCREEN}l${RESTORE_TITLE}`;
}
