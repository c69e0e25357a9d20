import { describe, expect, test } from "bun:test";
import { TERMINAL_QUEUE_BYTES_MAX } from "../../../../src/base/limits-screen.ts";
import { TerminalScreen } from "../../../../src/cli/screen/terminal/screen.ts";
import { Emulator } from "./emulator.ts";
import { FakeClock, FakeDevice } from "./fake-device.ts";

const SIZE = { columns: 80, rows: 24 };
const ASKED = /\x1b\[(?:5n|c)/g;

/** A line, such as an ssh connection, that accepts output immediately and delivers it later. */
class SlowLine {
  readonly device = new FakeDevice(SIZE);
  readonly clock = new FakeClock();
  readonly terminal = new Emulator(SIZE);
  readonly screen = new TerminalScreen({
    device: this.device,
    clock: this.clock,
    mouse: false,
    onResize: () => {},
  });
  answers = true;
  behindMax = 0;
  writtenBytes = 0;
  #behind = "";
  #frames = 0;

  constructor() {
    this.screen.modes.enter();
    this.screen.allowQuestions();
    void this.screen.ask("", "all");
  }

  frame(): string {
    const text = `frame ${++this.#frames}`;
    const row = (i: number) => String((this.#frames + i) % 10).repeat(SIZE.columns);
    const lines = Array.from({ length: SIZE.rows - 1 }, (_, i) => row(i));
    this.screen.show({ lines: [text, ...lines], cursor: undefined, title: "" });
    return text;
  }

  async pass(sizeBytes: number): Promise<void> {
    const output = this.device.output.take();
    this.writtenBytes += output.length;
    this.#behind += output;
    this.behindMax = Math.max(this.behindMax, this.#behind.length);
    const text = this.#behind.slice(0, sizeBytes);
    const queries = this.#behind.matchAll(ASKED);
    this.#behind = this.#behind.slice(sizeBytes);
    for (const { index, 0: question } of queries) {
      const end = index + question.length;
      if (end > sizeBytes || !this.answers) continue;
      this.screen.queries.receiveReport(question === "\x1b[5n" ? "\x1b[0n" : "\x1b[?62c");
    }
    const cut = /\x1b(?:\[5?)?$/.exec(text)?.[0] ?? "";
    this.#behind = cut + this.#behind;
    this.terminal.write(text.slice(0, text.length - cut.length).replaceAll(ASKED, ""));
    await Promise.resolve();
    await Promise.resolve();
  }

  async all(): Promise<void> {
    do await this.pass(100_000);
    while (this.#behind !== "" || this.device.output.text !== "");
  }
}

const FRAME_BYTES_MAX = 2_200;

describe("on a slow line", () => {
  test("bounds the queue of a responsive terminal, and displays the newest frame", async () => {
    const line = new SlowLine();
    await line.all();
    line.writtenBytes = 0;
    let newest = "";
    for (let i = 0; i < 300; i++) {
      newest = line.frame();
      await line.pass(100);
    }
    expect(line.behindMax).toBeGreaterThan(TERMINAL_QUEUE_BYTES_MAX);
    expect(line.behindMax).toBeLessThan(TERMINAL_QUEUE_BYTES_MAX + FRAME_BYTES_MAX);
    expect(line.writtenBytes).toBeLessThan(300 * 100 + line.behindMax);
    await line.all();
    expect(line.terminal.text(0)).toBe(newest);
  });
});
