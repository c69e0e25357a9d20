import { EventEmitter } from "node:events";
import { type Instance, render } from "ink";
import { createElement } from "react";
import type { Frame } from "../state/frame.ts";
import { Screen } from "./app.tsx";
import { Composer, type Composition, type Layout, type ViewProps } from "./composition.ts";

/** Signs of private use: one stands for one line of the screen while Ink lays it out. */
const FIRST_SIGN = 0xe000;
const SIGNS_MAX = 6_400;

/**
 * Where Ink writes, one column wide: a sign for each line. Its own way from text to cells takes
 * 4 ms of a processor and 4,000 objects for each frame of 100x40; with signs all of a frame takes
 * 1 ms. And no width that Ink and the terminal see differently can move what stands beside it.
 */
class LineTable extends EventEmitter {
  readonly columns = 1;
  readonly rows = SIGNS_MAX;
  readonly isTTY = false;
  readonly #lines: string[] = []; // Bounded: those of one screen; see SIGNS_MAX.
  #written: readonly string[] = [];

  readonly put = (line: string): string => {
    if (this.#lines.length >= SIGNS_MAX) return "";
    this.#lines.push(line);
    return String.fromCharCode(FIRST_SIGN + this.#lines.length - 1);
  };

  write(text: string): boolean {
    this.#written = text
      .split("\n")
      .map((sign) => this.#lines[sign.charCodeAt(0) - FIRST_SIGN] ?? "");
    this.#lines.length = 0;
    return true;
  }

  /** What was written last. */
  get written(): readonly string[] {
    return this.#written;
  }
}

/** Nothing is read by Ink. */
class NoInput extends EventEmitter {
  readonly isTTY = false;
}

/** Turns what is to be shown into whole screens. */
export class ScreenView {
  readonly #onFrame: (frame: Frame) => void;
  #composer = new Composer();
  readonly #table = new LineTable();
  #ink: Instance | undefined;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** At once, and in the same call: one frame for each. @returns where everything stands */
  show(props: ViewProps): Layout {
    const composition = this.#composer.compose(props);
    this.#render(composition);
    const rows = Math.max(1, props.size.rows);
    const lines = this.#table.written.slice(0, rows);
    const { cursor, title, pictures, layout } = composition;
    const filled = [...lines, ...Array(rows - lines.length).fill("")];
    this.#onFrame({ lines: filled, cursor, title, pictures });
    return layout;
  }

  /** Where everything would stand. */
  layoutOf(props: ViewProps): Layout {
    return this.#composer.compose(props).layout;
  }

  /** The terminal has told how wide it shows what is in doubt: nothing is as it was laid out. */
  forget(): void {
    this.#composer = new Composer();
  }

  close(): void {
    this.#ink?.unmount();
    this.#ink?.cleanup();
    this.#ink = undefined;
  }

  #render({ regions }: Composition): void {
    const { put } = this.#table;
    const screen = createElement(Screen, { regions, put });
    if (this.#ink !== undefined) return this.#ink.rerender(screen);
    this.#ink = render(screen, {
      stdout: this.#table as unknown as NodeJS.WriteStream,
      stderr: this.#table as unknown as NodeJS.WriteStream,
      stdin: new NoInput() as unknown as NodeJS.ReadStream,
      debug: true,
      // Else a variable of the environment would have it leave the signs out.
      isScreenReaderEnabled: false,
      patchConsole: false,
      exitOnCtrlC: false,
    });
  }
}
