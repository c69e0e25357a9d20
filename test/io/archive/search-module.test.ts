import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { chooseSearch } from "../../../src/io/archive/search-choice.ts";
import {
  assembleSearch,
  LAYOUT_BYTES_MAX,
  type Layout,
  type Search,
} from "../../../src/io/archive/search-module.ts";
import { SWEEP_STEP } from "../../samples.ts";
import { finderOf } from "./finder.ts";

const STEP_BYTES = 64;
const numRuns = Math.ceil(3_000 / SWEEP_STEP);
const someByte = fc.constantFrom<number[]>(0x41, 0x61, 0x42, 0x0a, 0x00, 0xc3, 0xbc, 0xff);
const maskedByte = fc
  .record({ value: someByte, mask: fc.constantFrom(0xff, 0xdf, 0xfe) })
  .map(({ value, mask }) => ({ value: value & mask, mask }));
const layout = fc.array(maskedByte, { minLength: 2, maxLength: LAYOUT_BYTES_MAX });
const haystack = fc.array(someByte, { maxLength: 3 * STEP_BYTES });

function allHits(search: Search, bytes: readonly number[], after: number): number[] {
  const find = finderOf(assembleSearch(search), Uint8Array.from(bytes), after);
  const hits: number[] = [];
  for (let hit = find(0); hit < bytes.length; hit = find(hit + 1)) hits.push(hit);
  return hits;
}

function isAt(layout: Layout, bytes: readonly number[], at: number, after: number): boolean {
  return layout.every(({ value, mask }, i) => ((bytes[at + i] ?? after) & mask) === value);
}

function probeOf(layout: Layout, ...offsets: number[]) {
  return offsets.map((each) => {
    const offset = each % layout.length;
    return { offset, ...(layout[offset] ?? { value: 0, mask: 0 }) };
  });
}

describe("assembleSearch", () => {
  test("finds exactly the places where a layout matches", () => {
    const layouts = fc.array(layout, { minLength: 1, maxLength: 4 });
    const place = fc.tuple(fc.nat(3), fc.nat(2 * STEP_BYTES));
    fc.assert(
      fc.property(
        layouts,
        haystack,
        fc.array(place),
        fc.nat(15),
        fc.nat(15),
        someByte,
        (layouts, original, places, first, second, after) => {
          const bytes = [...original];
          for (const [i, at] of places) {
            const inserted = layouts[i % layouts.length] ?? [];
            bytes.splice(at, inserted.length, ...inserted.map(({ value }) => value));
          }
          const probes = layouts.map((each) => probeOf(each, first, second));
          const expected = bytes.flatMap((_, at) =>
            layouts.some((each) => isAt(each, bytes, at, after)) ? [at] : [],
          );
          expect(allHits({ probes, layouts }, bytes, after)).toEqual(expected);
        },
      ),
      { numRuns },
    );
  });

  test.each([0, 1, 15, 16, 17, 62, 63, 64, 65, 127, 128])(
    "finds a match at offset %p and none at the end of the bytes",
    (at) => {
      const needle = [...Buffer.from("needle")].map((value) => ({ value, mask: 0xff }));
      const search = { probes: [probeOf(needle, 0, 5)], layouts: [needle] };
      const bytes = [...Buffer.from(`${" ".repeat(at)}needle`)];
      expect(allHits(search, bytes, 0)).toEqual([at]);
      expect(allHits(search, bytes.slice(0, -1), 0)).toEqual([]);
    },
  );
});

describe("chooseSearch", () => {
  test("finds each text that consists of spellings of the letters", () => {
    const spelling = fc
      .array(someByte, { minLength: 1, maxLength: 3 })
      .map((bytes) => Buffer.from(bytes).toString("latin1"));
    const letters = fc.array(fc.array(spelling, { minLength: 1, maxLength: 5 }), { minLength: 1 });
    fc.assert(
      fc.property(letters, fc.array(fc.nat()), haystack, (letters, choices, before) => {
        const search = chooseSearch(letters);
        if (search === undefined) return;
        const text = letters.map((each, i) => each[(choices[i] ?? 0) % each.length]).join("");
        const bytes = [...before, ...Buffer.from(text, "latin1")];
        const hits = allHits(search, bytes, 0);
        expect(hits.some((hit) => hit >= before.length)).toBeTrue();
      }),
      { numRuns },
    );
  });

  test("tests two rare bytes of a text", () => {
    const search = chooseSearch([..."a quiz"].map((letter) => [letter, letter.toUpperCase()]));
    const probes = search?.probes.map((probe) =>
      probe.map(({ value }) => String.fromCharCode(value)),
    );
    expect(probes?.map((probe) => probe.sort())).toEqual([["Q", "Z"]]);
  });

  test.each([
    ["no letters", []],
    ["a letter without spellings", [[]]],
    ["a text of one byte", [["x"]]],
    [
      "too many spellings",
      [Array.from({ length: 128 }, (_, i) => `${String.fromCharCode(i, 255 - i)}z`)],
    ],
  ])("does not search for %s", (_, letters) => {
    expect(chooseSearch(letters)).toBeUndefined();
  });
});
