import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NOTICE_CODE_POINTS_MAX } from "../../../../src/base/limits.ts";
import { COPY_BYTES_MAX } from "../../../../src/base/limits-screen.ts";
import type { ScreenFrame } from "../../../../src/cli/screen/state/screen-state.ts";
import { PLAIN, rowOf } from "../../../../src/cli/screen/terminal/row.ts";
import { TerminalScreen } from "../../../../src/cli/screen/terminal/screen.ts";
import type { Size } from "../../../../src/io/terminal/device.ts";
import { fixtureTest } from "../../../fixture-test.ts";
import { sampleSize } from "../../../samples.ts";
import { Emulator } from "./emulator.ts";
import { FakeClock, FakeDevice } from "./fake-device.ts";

function openScreen(size: Size = { columns: 20, rows: 5 }) {
  const device = new FakeDevice(size);
  const clock = new FakeClock();
  const sizes: Size[] = [];
  const onResize = (now: Size) => sizes.push(now);
  const screen = new TerminalScreen({ device, clock, mouse: false, onResize });
  screen.modes.enter();
  const emulator = new Emulator(size);
  emulator.write(device.output.take());
  return { device, clock, screen, emulator, sizes, bytes: () => device.output.take() };
}

function frameOf(lines: readonly string[], extras: Partial<ScreenFrame> = {}): ScreenFrame {
  return { lines, cursor: undefined, title: "chat", ...extras };
}

function expected(line: string, columns: number): string[] {
  const { texts, pens } = rowOf(line, columns);
  return texts.map((text, at) => {
    const pen = pens[at] ?? PLAIN;
    return text === " " && pen === PLAIN ? "blank" : text + pen.key;
  });
}

function expectShown(emulator: Emulator, frame: ScreenFrame): void {
  for (let row = 0; row < emulator.size.rows; row++) {
    expect(emulator.visibleRow(row)).toEqual(
      expected(frame.lines[row] ?? "", emulator.size.columns),
    );
  }
  expect(emulator.hasCursor).toBe(frame.cursor !== undefined);
  if (frame.cursor === undefined) return;
  expect([emulator.row, emulator.column]).toEqual([frame.cursor.row, frame.cursor.column]);
}

const WORDS = [
  ...["a", "be", "   ", "          ", "日本", "é", "e\u0301", "👨‍👩‍👧", "⚠️", "🇮🇩"],
  ...["क्षि", "x1️⃣", "👍"],
];
const LOOKS = [
  ...["", "1", "2;31", "0", "7", "38;5;9", "48;2;1;2;3", "4", "22;39", "24;27;49", "9;58;5;3"],
];
const LINKS = [";https://a.example", ";", "id=1;https://b.example"];

const token = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 2, arbitrary: fc.constantFrom(...LOOKS).map((style) => `\x1b[${style}m`) },
  { weight: 1, arbitrary: fc.constantFrom(...LINKS).map((link) => `\x1b]8;${link}\x1b\\`) },
);
const line = fc.array(token, { maxLength: 14 }).map((tokens) => tokens.join(""));

type Change =
  | { readonly kind: "lines"; readonly lines: readonly string[] }
  | { readonly kind: "line"; readonly at: number; readonly line: string }
  | { readonly kind: "move"; readonly by: number; readonly from: number; readonly line: string };

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant("lines" as const), lines: fc.array(line, { maxLength: 8 }) }),
  fc.record({ kind: fc.constant("line" as const), at: fc.nat(7), line }),
  fc.record({
    kind: fc.constant("move" as const),
    by: fc.integer({ min: -3, max: 3 }),
    from: fc.nat(3),
    line,
  }),
);

function changed(lines: readonly string[], step: Change): string[] {
  if (step.kind === "lines") return [...step.lines];
  if (step.kind === "line") return lines.with(Math.min(step.at, lines.length - 1), step.line);
  return lines.map((line, at) => (at < step.from ? line : (lines[at + step.by] ?? step.line)));
}

const screenTest = fixtureTest(() => openScreen());

describe("frames", () => {
  test("displays the last frame after any sequence of frames", () => {
    const size = { columns: 17, rows: 8 };
    const steps = fc.array(fc.tuple(change, fc.option(fc.tuple(fc.nat(7), fc.nat(16)))), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(steps, (all) => {
        const { screen, emulator, bytes } = openScreen(size);
        let lines: string[] = Array.from({ length: size.rows }, (_, i) => `line ${i}`);
        for (const [step, position] of all) {
          lines = Array.from({ length: size.rows }, (_, i) => changed(lines, step)[i] ?? "");
          const cursor = position === null ? undefined : { row: position[0], column: position[1] };
          const frame = frameOf(lines, { cursor });
          screen.show(frame);
          emulator.write(bytes());
          expectShown(emulator, frame);
        }
      }),
      { numRuns: sampleSize(150, 750) },
    );
  });

  screenTest("does not rewrite unchanged cells", ({ screen, emulator, bytes }) => {
    const lines = ["one", "two", "three", "\x1b[1mfour\x1b[m", "five"];
    screen.show(frameOf(lines));
    emulator.write(bytes());
    screen.show(frameOf(lines));
    expect(bytes()).toBe("");
    screen.show(frameOf(lines.with(2, "th\x1b[mree")));
    expect(bytes()).toBe("");
    screen.show(frameOf(lines.with(3, "\x1b[1mfoot\x1b[m")));
    expect(bytes()).toBe("\x1b[4;3H\x1b[1mot\x1b[m");
  });

  test("keeps other cells in place around a glyph of unexpected width", () => {
    const size = { columns: 20, rows: 5 };
    for (const width of [1, 4]) {
      const { device, screen } = openScreen(size);
      const emulator2 = new Emulator(size, (grapheme) =>
        grapheme === "👨‍👩‍👧" ? width : Bun.stringWidth(grapheme),
      );
      emulator2.modes.delete("7");
      screen.show(frameOf(["a👨‍👩‍👧b|", "..........", "c👨‍👩‍👧👨‍👩‍👧d"]));
      emulator2.write(device.output.take());
      const at = (row: number, column: number) => emulator2.cells[row]?.[column]?.text;
      expect([at(0, 0), at(0, 3), at(0, 4), at(2, 5)]).toEqual(["a", "b", "|", "d"]);
    }
  });

  screenTest("ignores other control sequences", ({ screen, emulator, bytes }) => {
    screen.show(frameOf(["a\x1b[2Jb\tc\x1b]0;x\x07d\x9b3me\x1b[?25lf\x1b"]));
    emulator.write(bytes());
    expect(emulator.text(0)).toBe("abcd3mef");
    expect(emulator.title).toBe("chat");
  });

  screenTest("cleans and shortens the title, and writes it once", ({ screen, emulator, bytes }) => {
    const title = `a\x1b]b\x07${"x".repeat(NOTICE_CODE_POINTS_MAX)}`;
    screen.show(frameOf([], { title }));
    emulator.write(bytes());
    expect(emulator.title).toBe(`a␛]b␇${"x".repeat(NOTICE_CODE_POINTS_MAX - 6)}…`);
    screen.show(frameOf(["x"], { title }));
    expect(bytes()).not.toContain("\x1b]2;");
  });
});

describe("a blocked terminal", () => {
  test("receives only the newest frame when it continues", async () => {
    const { device, screen, emulator, bytes } = openScreen();
    screen.show(frameOf(["one"]));
    emulator.write(bytes());
    device.output.stop();
    screen.show(frameOf(["two"]));
    const queuedBytes = device.output.queuedBytes();
    for (let i = 0; i < 10_000; i++) screen.show(frameOf([`frame ${i}`]));
    for (let i = 0; i < 100; i++) screen.ring();
    expect(device.output.queuedBytes()).toBe(queuedBytes);
    device.output.resume();
    await device.output.flushed();
    await Promise.resolve();
    const text = bytes();
    emulator.write(text);
    expectShown(emulator, frameOf(["frame 9999"]));
    expect(text).not.toContain("frame 9998");
    expect(emulator.bells).toBe(1);
  });

  screenTest("does not delay the exit", async ({ device, clock, screen }) => {
    device.output.stop();
    screen.show(frameOf(["two"]));
    const closing = screen.modes.close();
    clock.pass();
    await closing;
    expect(device.calls).toEqual(["raw", "cooked"]);
  });
});

screenTest("redraws after a resize", ({ device, screen, sizes, bytes }) => {
  screen.show(frameOf(["a long line of text", "two"]));
  bytes();
  device.resize({ columns: 10, rows: 3 });
  expect(sizes.at(-1)).toEqual({ columns: 10, rows: 3 });
  const smaller = new Emulator(device.now);
  smaller.write(bytes());
  expectShown(smaller, frameOf(["a long lin", "two"]));
  screen.show(frameOf(["short", "two"]));
  smaller.write(bytes());
  expectShown(smaller, frameOf(["short", "two"]));
});

describe("side output", () => {
  screenTest("copies at most COPY_BYTES_MAX", ({ screen }) => {
    expect(screen.copy("x".repeat(COPY_BYTES_MAX + 1))).toBe(false);
    expect(screen.copy("x".repeat(COPY_BYTES_MAX))).toBe(true);
  });

  test("writes the bell, the clipboard and notifications once each", () => {
    const { screen, emulator, bytes } = openScreen();
    screen.ring();
    expect(screen.copy("grüße")).toBe(true);
    screen.notify("ana", "hi; \x1b there", "osc9");
    screen.notify("ana; bob", "hi; there", "osc777");
    emulator.write(bytes());
    expect(emulator.bells).toBe(1);
    expect(emulator.commands).toEqual([
      `52;c;${btoa(unescape(encodeURIComponent("grüße")))}`,
      "9;ana: hi; ␛ there",
      "777;notify;ana, bob;hi, there",
    ]);
  });
});
