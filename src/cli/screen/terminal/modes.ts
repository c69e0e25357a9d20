/** Terminal modes of the full-screen client. Every exit restores the terminal. */

import { type Clock, withTimeout } from "../../../io/clock.ts";
import type { TerminalDevice } from "../../../io/terminal/device.ts";

/** Resumes after this time if no shell controls the process, which then cannot be stopped. */
const SUSPEND_TIMEOUT_MS = 100;
/** Maximum exit delay on a terminal that accepts no output. */
const EXIT_TIMEOUT_MS = 500;
const CANCEL = "\x18\x1b\\";

export interface ModesOptions {
  readonly device: TerminalDevice;
  readonly clock: Pick<Clock, "after">;
  readonly mouse: boolean;
  /** Pending queries, whose answers must not reach the shell. */
  readonly queries: { settled(): Promise<void>; discardPending(): void };
  /**
   * Called when the content or size of the screen has changed, and the whole screen must be
   * redrawn.
   */
  readonly onInvalidated: () => void;
  readonly onLeave?: () => string;
  /** Lines for the restored screen, printed when the program ends in any way. */
  readonly farewell?: (() => string) | undefined;
}

export class TerminalModes {
  #hasMouse: boolean;
  #isActive = false;
  #isSuspended = false;
  #removeListeners: readonly (() => void)[] = [];
  #removeStopListener = () => {};

  constructor(private readonly options: ModesOptions) {
    this.#hasMouse = options.mouse;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  setMouse(on: boolean): void {
    if (on === this.#hasMouse) return;
    this.#hasMouse = on;
    if (this.#isActive) this.options.device.output.write(`\x1b[?${MOUSE}${on ? "h" : "l"}`);
  }

  enter(): void {
    if (this.#isActive) return;
    const { device, onInvalidated, queries } = this.options;
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
    onInvalidated();
  }

  /**
   * @param timeoutMs maximum wait for a terminal that accepts no output; `undefined` for no limit
   */
  async leave(timeoutMs?: number, farewell = ""): Promise<void> {
    if (!this.#isActive) return;
    this.#isActive = false;
    const { device, queries } = this.options;
    const { output } = device;
    output.write(this.#leaveText() + farewell);
    const flushed = output.flushed();
    await (timeoutMs === undefined
      ? flushed
      : withTimeout(flushed, timeoutMs, () => undefined, this.options.clock));
    const isFlushed = output.queuedBytes() === 0;
    if (isFlushed) await queries.settled();
    if (!this.#isActive) device.setRaw(false);
  }

  /** Waits at most EXIT_TIMEOUT_MS for a terminal that accepts no output. */
  async close(): Promise<void> {
    await this.leave(EXIT_TIMEOUT_MS, this.#farewell);
    for (const remove of [...this.#removeListeners, this.#removeStopListener]) remove();
    this.#removeListeners = [];
  }

  /**
   * Handles Ctrl-Z, which is an ordinary key in raw mode.
   * @param scope `group` stops the whole job, like Ctrl-Z in a shell; `process` stops only this
   * process
   */
  async suspend(scope: "group" | "process" = "group"): Promise<void> {
    if (!this.#isActive) return;
    const { device } = this.options;
    this.#isSuspended = true;
    await this.leave();
    this.#removeStopListener();
    device.stop(scope);
    this.options.clock.after(SUSPEND_TIMEOUT_MS, () => {
      if (this.#isSuspended) this.#continued();
    });
  }

  #resized(): void {
    if (this.#isActive) this.options.onInvalidated();
  }

  #continued(): void {
    if (this.#isSuspended) {
      this.#isSuspended = false;
      this.enter();
    } else if (this.#isActive) {
      // After `kill -STOP`, the shell has changed the terminal modes.
      const { device, onInvalidated, queries } = this.options;
      queries.discardPending();
      device.setRaw(false); // The runtime sets raw mode again only if it was turned off.
      device.setRaw(true);
      device.output.write(enterText(this.#hasMouse));
      onInvalidated();
    }
  }

  get #farewell(): string {
    return (this.options.farewell?.() ?? "").replaceAll("\n", "\r\n");
  }

  #leaveText(): string {
    return (this.options.onLeave?.() ?? "") + leaveText(this.#hasMouse);
  }

  /** Synchronous, because the process is exiting. */
  #leaveSync(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    const { device } = this.options;
    const isQueued = device.output.queuedBytes() > 0;
    const text = (isQueued ? CANCEL : "") + this.#leaveText() + this.#farewell;
    device.writeNow(text, EXIT_TIMEOUT_MS);
    device.setRaw(false);
  }
}

const ALTERNATE_SCREEN = 1049;
const AUTO_WRAP = 7;
const BRACKETED_PASTE = 2004;
const FOCUS_EVENTS = 1004;
const MOUSE = "1000;1006";
const SYNCHRONIZED = 2026;

const SAVE_TITLE = "\x1b[22;2t";
const RESTORE_TITLE = "\x1b[23;2t";

/**
 * Resets attributes, scroll region, insert mode, origin mode and character set, any of which
 * another program may have changed.
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
