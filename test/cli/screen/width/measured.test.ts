import { afterEach, describe, expect, test } from "bun:test";
import { TerminalScreen } from "../../../../src/cli/screen/terminal/screen.ts";
import { cutTo, fitTo, widthOf } from "../../../../src/cli/screen/view/width.ts";
import {
  type MeasuredWidths,
  terminalWidths,
  WIDTH_QUESTION,
  widthsIn,
} from "../../../../src/cli/screen/width/measured.ts";
import { Emulator } from "../terminal/emulator.ts";
import { FakeClock, FakeDevice } from "../terminal/fake-device.ts";

afterEach(() => terminalWidths.measure({}));

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });
const SAMPLES = [...WIDTH_QUESTION.matchAll(/\r([^\x1b\r]+)\x1b\[6n/g)].map(
  ([, sample = ""]) => sample,
);

/** What a terminal answers that shows graphemes so wide. */
function answersOf(widthOf: (grapheme: string) => number): string {
  return `${SAMPLES.map((sample) => `\x1b[1;${1 + widthOf(sample)}R`).join("")}\x1b[?62c`;
}

/** Knows no joining: each code point has columns of its own, and selectors change nothing. */
function oldTerminal(grapheme: string): number {
  if (/\p{Regional_Indicator}/u.test(grapheme)) return 2 * [...grapheme].length;
  let columns = 0;
  for (const point of grapheme)
    if (!/[\u200d\ufe0f\u20e3]/.test(point)) columns += Bun.stringWidth(point);
  return columns;
}

describe("the question", () => {
  test("leaves nothing on the screen", () => {
    expect(SAMPLES).toHaveLength(7);
    const terminal = new Emulator({ columns: 20, rows: 3 });
    terminal.write(`\x1b[H\x1b[2J${WIDTH_QUESTION.replaceAll("\x1b[6n", "")}`);
    expect([0, 1, 2].map((row) => terminal.shown(row))).toEqual([[], [], []]);
  });

  test("is answered by what differs from the table", () => {
    expect(widthsIn(answersOf(Bun.stringWidth))).toEqual({});
    expect(widthsIn(answersOf(oldTerminal))).toEqual({
      selected: 1,
      keycap: 1,
      joined: 6,
      flag: 4,
      toned: 4,
    });
    const eastern = (grapheme: string) => Bun.stringWidth(grapheme, { ambiguousIsNarrow: false });
    expect(widthsIn(answersOf(eastern))).toEqual({ ambiguous: 2 });
  });

  test.each([
    ["nothing", "\x1b[?62c"],
    ["less", answersOf(Bun.stringWidth).replace("\x1b[1;3R", "")],
    ["more", `\x1b[1;3R${answersOf(Bun.stringWidth)}`],
    ["no width", answersOf(() => 0)],
    ["another place", answersOf(() => 9)],
  ])("is not answered by %s", (_, answers) => {
    expect(widthsIn(answers)).toBeUndefined();
  });
});

const TEXT = [
  ...["a\u2764\ufe0fb 1\ufe0f\u20e3 \u{1f1eb}\u{1f1f7}", "\u{1f469}\u200d\u{1f680}"],
  "\u{1f44b}\u{1f3ff} \u03b2 e\u0323 \u2615\ufe0f \u6f22",
].join(" ");

describe("what was measured", () => {
  test.each<[string, MeasuredWidths, number[]]>([
    ["nothing", {}, [2, 2, 2, 2, 2, 1, 1, 2]],
    ["no selectors", { selected: 1, keycap: 1 }, [1, 1, 2, 2, 2, 1, 1, 2]],
    ["no joining", { joined: 6, flag: 4, toned: 4 }, [2, 2, 4, 4, 4, 1, 1, 2]],
    ["narrow flags, wide signs", { flag: 1, ambiguous: 2, marked: 2 }, [2, 2, 1, 2, 2, 2, 2, 2]],
  ])("counts for all of a kind: %s", (_, widths, columns) => {
    terminalWidths.measure(widths);
    const doubtful = [
      ...["\u2602\ufe0f", "#\ufe0f\u20e3", "\u{1f1eb}\u{1f1f7}", "\u{1f469}\u200d\u{1f680}"],
      ...["\u{1f44b}\u{1f3ff}", "\u03b2", "e\u0323", "\u2615\ufe0f"],
    ];
    expect(doubtful.map((one) => terminalWidths.of(one))).toEqual(columns);
    expect(["a", " ", "\u6f22", "\u{1f600}"].map((one) => terminalWidths.of(one))).toEqual([
      1, 1, 2, 2,
    ]);
    for (let size = 0; size < 30; size++) {
      expect(widthOf(cutTo(TEXT, size))).toBeLessThanOrEqual(size);
      expect(widthOf(fitTo(TEXT, size))).toBe(size);
    }
  });

  test("is where the terminal puts what follows, and nothing of it is cut in two", () => {
    terminalWidths.measure(widthsIn(answersOf(oldTerminal)) ?? {});
    for (let columns = 1; columns < 36; columns++) {
      const size = { columns, rows: 2 };
      const device = new FakeDevice(size);
      const screen = new TerminalScreen({
        device,
        clock: new FakeClock(),
        mouse: false,
        onResize: () => {},
      });
      const terminal = new Emulator(size, oldTerminal);
      screen.enter();
      for (const line of [TEXT, `x${TEXT}`, "plain", `${TEXT}|`]) {
        screen.show({ lines: [line], cursor: undefined, title: "" });
        terminal.write(device.output.take());
        let expected = "";
        let width = 0;
        for (const { segment } of segmenter.segment(line)) {
          width += oldTerminal(segment);
          if (width > columns) break;
          expected += segment;
        }
        expect(terminal.text(0)).toBe(expected.trimEnd());
      }
    }
  });

  test("of the screen's own lines and dots moves nothing", () => {
    const eastern = (grapheme: string) => Bun.stringWidth(grapheme, { ambiguousIsNarrow: false });
    terminalWidths.measure(widthsIn(answersOf(eastern)) ?? {});
    const size = { columns: 20, rows: 1 };
    const device = new FakeDevice(size);
    const parts = { device, clock: new FakeClock(), mouse: false, onResize: () => {} };
    const screen = new TerminalScreen(parts);
    const terminal = new Emulator(size, eastern);
    screen.enter();
    const line = "\u2500\u2500 lobby \u2502 \u03b1\u03b2 \u25cf x";
    expect(widthOf(line)).toBe(19);
    screen.show({ lines: [line], cursor: undefined, title: "" });
    terminal.write(device.output.take());
    const at = (words: string) => widthOf(line.slice(0, line.indexOf(words)));
    for (const words of ["l", "\u2502", "\u03b1", "\u03b2", "\u25cf", "x"]) {
      expect([words, terminal.cells[0]?.[at(words)]?.text]).toEqual([words, words]);
    }
  });
});
