import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PICTURES_CACHED_MAX } from "../../../../src/base/limits-screen.ts";
import { pictureAttributes, pictureCells } from "../../../../src/cli/screen/pictures/cells.ts";
import {
  itermPicture,
  kittyPieces,
  removeKitty,
} from "../../../../src/cli/screen/pictures/protocol.ts";
import type { PictureBox, ScreenFrame } from "../../../../src/cli/screen/state/screen-state.ts";
import type { PicturePainter } from "../../../../src/cli/screen/terminal/picture-layer.ts";
import { TerminalScreen } from "../../../../src/cli/screen/terminal/screen.ts";
import { sampleSize } from "../../../samples.ts";
import { Emulator } from "./emulator.ts";
import { FakeClock, FakeDevice } from "./fake-device.ts";

const SIZE = { columns: 24, rows: 10 };

/** iTerm2 output with the number of the picture in place of its bytes. */
const PAINTED: PicturePainter = {
  isPlaced: false,
  pieces: (box) => [itermPicture(new Uint8Array(0), box).replace(":\x07", `:${box.id}\x07`)],
  remove: () => "",
};

const BYTES = new Uint8Array(60_000);
const PLACED: PicturePainter = {
  isPlaced: true,
  pieces: (box) => kittyPieces(BYTES, box, "cells"),
  remove: (ids, isHalfSent) =>
    (isHalfSent ? "\x1b_Gm=0;\x1b\\" : "") + [...ids].map(removeKitty).join(""),
};

/** kitty protocol without placeholder cells: pictures are removed by number only. */
const NUMBERED: PicturePainter = {
  isPlaced: false,
  isUnique: true,
  pieces: (box) => kittyPieces(BYTES.subarray(0, 3), box, "cursor"),
  remove: (ids) => [...ids].map(removeKitty).join(""),
};

function createLayer(painter: PicturePainter | undefined) {
  const device = new FakeDevice(SIZE);
  const clock = new FakeClock();
  const screen = new TerminalScreen({ device, clock, mouse: false, onResize: () => {} });
  screen.modes.enter();
  if (painter !== undefined) screen.showPictures(painter);
  const emulator = new Emulator(SIZE);
  emulator.write(device.output.take());
  const show = (frame: ScreenFrame) => {
    screen.show(frame);
    return takeOutput();
  };
  const takeOutput = () => {
    const text = device.output.take();
    emulator.write(text);
    return text;
  };
  const settle = () => {
    clock.pass();
    return takeOutput();
  };
  const paint = (frame: ScreenFrame) => {
    show(frame);
    settle();
  };
  return { device, clock, screen, emulator, show, settle, paint };
}

const BOX: PictureBox = { id: 5, columns: 6, rows: 3 };

function lineOf(box: PictureBox, row: number, indent = 2): string {
  const cells = `\x1b[${pictureAttributes(box.id)}m${pictureCells(box, row)}\x1b[m`;
  return `${" ".repeat(indent)}${cells}${" ".repeat(24 - indent - box.columns)}`;
}

function frameWith(
  box: PictureBox | undefined,
  above: number,
  extras: Partial<ScreenFrame> = {},
): ScreenFrame {
  const lines = Array.from({ length: above }, (_, i) => `words ${i}`);
  if (box !== undefined) for (let row = 0; row < box.rows; row++) lines.push(lineOf(box, row));
  lines.push(...Array<string>(Math.max(0, SIZE.rows - lines.length)).fill("below"));
  const pictures = box === undefined ? [] : [box];
  const cursor = { row: 9, column: 3 };
  return { lines: lines.slice(0, SIZE.rows), cursor, title: "t", pictures, ...extras };
}

const BOXES: readonly PictureBox[] = [
  { id: 1, columns: 4, rows: 2 },
  { id: 2, columns: 9, rows: 3 },
  { id: 3, columns: 1, rows: 1 },
];
const piece = fc.oneof(
  fc.constantFrom("words", "", "  more words", "\x1b[7mbar\x1b[m"),
  fc.constantFrom(...BOXES),
);
const step = fc.record({ parts: fc.array(piece, { maxLength: 7 }), isSettled: fc.boolean() });

function sceneOf(pieces: readonly (string | PictureBox)[]) {
  const lines: string[] = [];
  const placements: { readonly top: number; readonly box: PictureBox }[] = [];
  for (const piece of pieces) {
    if (typeof piece === "string") lines.push(piece);
    else {
      if (lines.length + piece.rows <= SIZE.rows)
        placements.push({ top: lines.length, box: piece });
      for (let row = 0; row < piece.rows; row++) lines.push(lineOf(piece, row));
    }
  }
  while (lines.length < SIZE.rows) lines.push("");
  const visibleLines = lines.slice(0, SIZE.rows);
  const frame: ScreenFrame = { lines: visibleLines, cursor: undefined, title: "", pictures: BOXES };
  return { frame, placements };
}

function shownBy(emulator: Emulator): string[] {
  return emulator.cells.map((row) =>
    row.map(({ text }) => (/^<\d/.test(text) ? text : ".")).join(""),
  );
}

describe("painted pictures", () => {
  test("are painted over blank cells after the screen has settled", () => {
    const { emulator, show, settle } = createLayer(PAINTED);
    const output = show(frameWith(BOX, 2));
    expect(output).not.toContain("\u{10eeee}");
    expect(emulator.text(3)).toBe("");
    expect(emulator.painted).toEqual([]);
    settle();
    expect(emulator.painted).toMatchObject([{ row: 2, column: 2 }]);
    expect(shownBy(emulator)[3]).toBe(`..${"<5>".repeat(6)}${".".repeat(16)}`);
    expect([emulator.row, emulator.column]).toEqual([9, 3]);
    expect(show(frameWith(BOX, 2))).toBe("");
    expect(settle()).toBe("");
  });

  test("match the last frame after any sequence of frames", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const { emulator, show, settle } = createLayer(PAINTED);
        let expected: string[] = [];
        for (const { parts, isSettled } of steps) {
          const scene = sceneOf(parts);
          show(scene.frame);
          if (isSettled) settle();
          expected = Array<string>(SIZE.rows).fill(".".repeat(SIZE.columns));
          for (const { top, box } of scene.placements) {
            const cells = `..${`<${box.id}>`.repeat(box.columns)}${".".repeat(22 - box.columns)}`;
            expected.fill(cells, top, top + box.rows);
          }
        }
        settle();
        expect(shownBy(emulator)).toEqual(expected);
      }),
      { numRuns: sampleSize(100, 500) },
    );
  });
});

describe("pictures that are deleted by number", () => {
  test("are painted once, where all of their cells are visible", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const { emulator, show, settle } = createLayer(NUMBERED);
        let placements: ReturnType<typeof sceneOf>["placements"] = [];
        const expectThere = () => {
          for (const [id, [row, column]] of emulator.overlays) {
            expect(column).toBe(2);
            expect(placements.some(({ top, box }) => box.id === id && top === row)).toBe(true);
          }
        };
        for (const { parts, isSettled } of steps) {
          const scene = sceneOf(parts);
          placements = scene.placements;
          show(scene.frame);
          expectThere();
          if (isSettled) settle();
          expectThere();
        }
        settle();
        expectThere();
        const ids = new Set(placements.map(({ box }) => box.id));
        expect(new Set(emulator.overlays.keys())).toEqual(ids);
      }),
      { numRuns: sampleSize(100, 500) },
    );
  });
});

describe("placed pictures", () => {
  test("have cells immediately, and are sent once", () => {
    const { emulator, show, settle, paint } = createLayer(PLACED);
    show(frameWith(BOX, 2));
    expect(emulator.text(2)).toContain("\u{10eeee}");
    expect(emulator.graphics).toEqual([]);
    settle();
    expect(emulator.graphics[0]).toStartWith("Ga=T,U=1,f=100,q=2,i=5,c=6,r=3,m=1;");
    const count = emulator.graphics.length;
    expect(emulator.graphics.at(-1)).toStartWith("Gq=2,m=0;");
    for (const above of [3, 4, 2]) {
      paint(frameWith(BOX, above));
      expect(emulator.text(above)).toContain("\u{10eeee}\u0305\u0305\u0305");
    }
    paint(frameWith(undefined, 2));
    paint(frameWith(BOX, 2));
    expect(emulator.graphics).toHaveLength(count);
  });

  test("are deleted from the terminal's memory at the end, even if incomplete", async () => {
    const { clock, device, screen, show } = createLayer(PLACED);
    show(frameWith(BOX, 2));
    device.output.stop();
    clock.pass();
    const left = screen.modes.leave();
    device.output.resume();
    await left;
    const output = device.output.take();
    expect(output).toContain("\x1b_Gm=0;\x1b\\\x1b_Ga=d,d=I,i=5,q=2\x1b\\\x1b[?2004");
  });

  test("bounds the pictures in the terminal's memory", () => {
    const { emulator, paint } = createLayer(PLACED);
    for (let id = 1; id <= PICTURES_CACHED_MAX + 2; id++) {
      paint(frameWith({ ...BOX, id }, 2));
    }
    const removals = emulator.graphics.filter((command) => command.includes("a=d"));
    expect(removals).toEqual(["Ga=d,d=I,i=1,q=2", "Ga=d,d=I,i=2,q=2"]);
    paint(frameWith({ ...BOX, id: 1 }, 2));
    expect(emulator.graphics.filter((command) => command.includes("a=T,"))).toHaveLength(
      PICTURES_CACHED_MAX + 3,
    );
  });
});
