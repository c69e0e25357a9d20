import { afterEach, expect, test } from "bun:test";
import { TerminalScreen } from "../../../../src/cli/screen/terminal/screen.ts";
import { widthOf } from "../../../../src/cli/screen/view/style.ts";
import {
  parseWidths,
  terminalWidths,
  WIDTH_QUERY,
} from "../../../../src/cli/screen/width/measured.ts";
import { Emulator } from "../terminal/emulator.ts";
import { FakeClock, FakeDevice } from "../terminal/fake-device.ts";

afterEach(() => terminalWidths.measure({}));

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });
const SAMPLES = [...WIDTH_QUERY.matchAll(/\r([^\x1b\r]+)\x1b\[6n/g)].map(
  ([, sample = ""]) => sample,
);

function answersOf(widthOf: (grapheme: string) => number): string {
  return `${SAMPLES.map((sample) => `\x1b[1;${1 + widthOf(sample)}R`).join("")}\x1b[?62c`;
}

function widthOnOldTerminal(grapheme: string): number {
  if (/\p{Regional_Indicator}/u.test(grapheme)) return 2 * [...grapheme].length;
  let columns = 0;
  for (const point of grapheme)
    if (!/[\u200d\ufe0f\u20e3]/.test(point)) columns += Bun.stringWidth(point);
  return columns;
}

test("measures the widths that differ from the table", () => {
  expect(parseWidths(answersOf(Bun.stringWidth))).toEqual({});
  const old = { selected: 1, keycap: 1, joined: 6, flag: 4, toned: 4 };
  expect(parseWidths(answersOf(widthOnOldTerminal))).toEqual(old);
  const eastern = (grapheme: string) => Bun.stringWidth(grapheme, { ambiguousIsNarrow: false });
  expect(parseWidths(answersOf(eastern))).toEqual({ ambiguous: 2 });
  terminalWidths.measure({ ambiguous: 2 });
  const widened = ["\u25cf", "\u03b2"].filter((grapheme) =>
    terminalWidths.isWiderThanLayout(grapheme),
  );
  expect(widened).toEqual(["\u25cf"]);
  expect(widthOf("\u2500\u2500 lobby \u2502 \u03b1\u03b2 \u25cf x")).toBe(19);
});

const TEXT = [
  ...["a\u2764\ufe0fb 1\ufe0f\u20e3 \u{1f1eb}\u{1f1f7}", "\u{1f469}\u200d\u{1f680}"],
  "\u{1f44b}\u{1f3ff} \u03b2 e\u0323 \u2615\ufe0f \u6f22",
].join(" ");

test("lays out with the measured widths, and keeps graphemes intact", () => {
  terminalWidths.measure(parseWidths(answersOf(widthOnOldTerminal)) ?? {});
  for (let columns = 1; columns < 36; columns++) {
    const size = { columns, rows: 2 };
    const device = new FakeDevice(size);
    const options = { device, clock: new FakeClock(), mouse: false, onResize: () => {} };
    const screen = new TerminalScreen(options);
    const terminal = new Emulator(size, widthOnOldTerminal);
    screen.modes.enter();
    for (const line of [TEXT, `x${TEXT}`, "plain", `${TEXT}|`]) {
      screen.show({ lines: [line], cursor: undefined, title: "" });
      terminal.write(device.output.take());
      let expected = "";
      let width = 0;
      for (const { segment } of segmenter.segment(line)) {
        width += widthOnOldTerminal(segment);
        if (width > columns) break;
        expected += segment;
      }
      expect(terminal.text(0)).toBe(expected.trimEnd());
    }
  }
});
