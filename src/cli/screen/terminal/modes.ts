/** Terminal modes of the full screen, restored on every exit. */

import { type Clock, withTimeout } from "../../../io/clock.ts";
import type { TerminalDevice } from "../../../io/terminal/device.ts";

/**
 * Milliseconds after which a process that could not be stopped, such as one without a shell,
 * continues.
 */
const SUSPENDED_MS = 100;
/** Milliseconds that a blocked terminal may delay the end of the process. */
const EXIT_WITHIN_MS = 500;
/** Cancels an incomplete sequence. */
const CANCEL = "\x18\x1b\\";

export interface ModesParts {
  readonly device: TerminalDevice;
  readonly clock: Pick<Clock, "after">;
  readonly mouse: boolean;
  /** Pending queries, whose answers must not reach the shell. */
  readonly queries: { settled(): Promise<void>; forget(): void };
  /** The screen's content or size has changed, and all must be drawn again. */
  readonly onLost: () => void;
  /** Output to write before the terminal is given back. */
  readonly onLeave?: () => string;
}

/**
 * Modes that the full screen sets, and restores on every exit: at the end, after an error, when
 * Ctrl-Z stops it, and when a signal ends it.
 */
export class TerminalModes {
  readonly #parts: ModesParts;
  #hasMouse: boolean;
  #isIn = false;
  /** The process was stopped from the full screen and returns to it. */
  #isSuspended = false;
  #unwatch: readonly (() => void)[] = [];
  #unwatchStop = () => {};

  constructor(parts: ModesParts) {
    this.#parts = parts;
    this.#hasMouse = parts.mouse;
  }

  get isIn(): boolean {
    return this.#isIn;
  }

  /** Takes effect immediately, or when the screen is next entered. */
  setMouse(on: boolean): void {
    if (on === this.#hasMouse) return;
    this.#hasMouse = on;
    if (this.#isIn) this.#parts.device.output.write(`\x1b[?${MOUSE}${on ? "h" : "l"}`);
  }

  enter(): void {
    if (this.#isIn) return;
    const { device, onLost, queries } = this.#parts;
    if (this.#unwatch.length === 0) {
      this.#unwatch = [
        device.on("resize", () => this.#resized()),
        device.on("continued", () => this.#continued()),
        device.on("exit", () => this.#leaveNow()),
      ];
    }
    this.#unwatchStop();
    this.#unwatchStop = device.on("stop", () => void this.suspend("process"));
    this.#isIn = true;
    queries.forget();
    device.setRaw(true);
    device.output.write(PUT_TITLE_ASIDE + enterText(this.#hasMouse));
    onLost();
  }

  /**
   * Resolves when the terminal has its own screen back.
   * @param withinMs maximum wait for a blocked terminal; forever if `undefined`
   */
  async leave(withinMs?: number): Promise<void> {
    if (!this.#isIn) return;
    this.#isIn = false;
    const { device, queries } = this.#parts;
    const { output } = device;
    output.write(this.#leaving());
    const flushed = output.flushed();
    await (withinMs === undefined
      ? flushed
      : withTimeout(flushed, withinMs, () => undefined, this.#parts.clock));
    const isTaken = output.queuedBytes() === 0;
    if (isTaken) await queries.settled();
    if (!this.#isIn) device.setRaw(false);
  }

  /** Leaves permanently. Waits at most half a second for a blocked terminal. */
  async close(): Promise<void> {
    await this.leave(EXIT_WITHIN_MS);
    for (const remove of [...this.#unwatch, this.#unwatchStop]) remove();
    this.#unwatch = [];
  }

  /**
   * Handles Ctrl-Z, which is a key in raw mode: returns to the shell; `fg` redraws.
   * @param what stops the whole job, as the terminal would have done, or only this process
   */
  async suspend(what: "group" | "process" = "group"): Promise<void> {
    if (!this.#isIn) return;
    const { device } = this.#parts;
    this.#isSuspended = true;
    await this.leave();
    this.#unwatchStop(); // The signal must have its default effect.
    device.stop(what);
    this.#parts.clock.after(SUSPENDED_MS, () => {
      if (this.#isSuspended) this.#continued();
    });
  }

  #resized(): void {
    if (this.#isIn) this.#parts.onLost();
  }

  #continued(): void {
    if (this.#isSuspended) {
      this.#isSuspended = false;
      this.enter();
    } else if (this.#isIn) {
      // Stopped without warning (`kill -STOP`): the shell has set its own modes meanwhile.
      const { device, onLost, queries } = this.#parts;
      queries.forget();
      device.setRaw(false); // The process must learn of the change that follows.
      device.setRaw(true);
      device.output.write(enterText(this.#hasMouse));
      onLost();
    }
  }

  #leaving(): string {
    return (this.#parts.onLeave?.() ?? "") + leaveText(this.#hasMouse);
  }

  /** The process ends here, without time to wait for queued output. */
  #leaveNow(): void {
    if (!this.#isIn) return;
    this.#isIn = false;
    const { device } = this.#parts;
    const isQueued = device.output.queuedBytes() > 0;
    device.writeNow((isQueued ? CANCEL : "") + this.#leaving(), EXIT_WITHIN_MS);
    device.setRaw(false);
  }
}

/** By number of the DEC private modes. */
const ALTERNATE_SCREEN = 1049;
const WRAPS = 7;
const PASTE_MARKS = 2004;
const FOCUS = 1004;
/** Buttons and wheel, in SGR form. */
const MOUSE = "1000;1006";
const SYNCHRONIZED = 2026;

/** Saves the shell's title, to restore it later. */
const PUT_TITLE_ASIDE = "\x1b[22;2t";
const BRING_TITLE_BACK = "\x1b[23;2t";

/**
 * Resets attributes, region, insert mode, origin mode and charset, which another program may have
 * changed.
 */
const PLAIN_STATE = "\x1b[m\x1b[r\x1b[4l\x1b[?6l\x0f\x1b(B";

function enterText(mouse: boolean): string {
  const on = `\x1b[?${PASTE_MARKS};${FOCUS}${mouse ? `;${MOUSE}` : ""}h`;
  return `\x1b[?${ALTERNATE_SCREEN}h${PLAIN_STATE}\x1b[?${WRAPS}l${on}`;
}

function leaveText(mouse: boolean): string {
  const off = `\x1b[?${PASTE_MARKS};${FOCUS}${mouse ? `;${MOUSE}` : ""}l`;
  const shown = `\x1b[m\x1b]8;;\x1b\\\x1b[r\x1b[?${SYNCHRONIZED}l\x1b[?${WRAPS};25h`;
  return `${off}${shown}\x1b[?${ALTERNATE_SCREEN}l${BRING_TITLE_BACK}`;
}
