import { expect, test } from "bun:test";
import fc from "fast-check";
import { drawQr } from "../../../../src/cli/output/qr.ts";
import { widthOf } from "../../../../src/cli/screen/view/style.ts";
import { boardFrame, type CodePainter } from "../../../../src/cli/serve/board/frame.ts";
import { boardText } from "../../../../src/cli/serve/board/rows.ts";
import { firstBoard } from "../../../../src/cli/serve/board/state.ts";
import { ANY_CHARACTER } from "../../../any-character.ts";
import { sampleSize } from "../../../samples.ts";
import {
  added,
  BEGUN,
  EMPTY,
  FACTS,
  LESSON,
  NOW,
  pollOf,
  props,
  row,
  run,
  textOf,
  wallOf,
} from "./board-props.ts";

const paint: CodePainter = (text, columns) => drawQr(text, columns, false);

const MESSAGES = added(
  BEGUN,
  row("Bu Sari muted Eko in #math until 08:22", { isDecision: true, kind: "event" }),
  row("Is it the numerator or the denominator?"),
  row("Who can tell Rina?", { from: "Bu Sari" }),
  row("6 hands, 5 called on", { from: undefined, kind: "event" }),
);

function drawn(...args: Parameters<typeof props>): string[] {
  return textOf(boardFrame(props(...args), paint));
}

test("draws the first minute", () => {
  expect(drawn(EMPTY, FACTS)).toEqual([
    " Room 12                                          nobody here yet · since 07:40",
    " Let people in",
    "   browser      https://192.168.1.20:2428/",
    "   password     yjm9-cmnb-wurk",
    "   phone        c shows a QR code, w fills the screen for a projector",
    "   terminal     chat join 192.168.1.20 --user YOUR-NAME",
    "   one person   i makes an invite; chat admin invite",
    " Make yourself the operator, in your browser (once, until 08:40)",
    "   https://127.0.0.1:2428/#operator=ySJ_jFY-Rs6GM3G2q5_znw",
    " A class from a list",
    "   chat admin accounts import class.csv --cards cards.html",
    " Data in /srv/data · 61.2 GB free",
    ...Array(11).fill(""),
    " i invite  a announce  c code  w wall  l log  v connections  ? help  q stop",
  ]);
});

test("draws the first minute on a small screen, unless a command would be cut", () => {
  expect(drawn(EMPTY, FACTS, 62, 16)).toContain(" Let people in");
  expect(drawn(EMPTY, FACTS, 62, 16).join("\n")).toContain("--cards cards.html");
  for (const [columns, rows] of [
    [62, 10],
    [50, 16],
  ] as const)
    expect(drawn(EMPTY, FACTS, columns, rows)).not.toContain(" Let people in");
});

test("draws a lesson", () => {
  expect(drawn(MESSAGES).filter((line) => line !== "")).toEqual([
    " Room 12                                            23 of 27 here · since 07:40",
    " https://192.168.1.20:2428/ · password yjm9-cmnb-wurk",
    " Hands     ▸ Rina · ✋ Doni, Tari, Wawan +2                               #math",
    " Work      essay 7 of 11 handed in, 2 late · map 3 of 27",
    " Files     2 in transfer: photos.zip 64 %, Doni · 61.2 GB free",
    " Here      Ayu, Budi, Citra, Dewi, Doni, Eko, Fajar, Gita, Hana, Indah +13",
    " Decided   08:16 Bu Sari muted Eko in #math until 08:22",
    "── Messages ────────────────────────────────────────────────────────────────────",
    " 08:16 #math      Rina        Is it the numerator or the denominator?",
    " 08:16 #math      Bu Sari     Who can tell Rina?",
    " 08:16 #math      --          6 hands, 5 called on",
    " i invite  a announce  c code  w wall  l log  v connections  ? help  q stop",
  ]);
});

test("omits rows without content", () => {
  const office = { ...LESSON, hands: [], work: [], transfers: [], transferCount: 0 };
  const lines = drawn(BEGUN, { ...office, here: [], hereCount: 0 });
  expect(lines.slice(0, 4)).toEqual([
    " Room 12                                              nobody here · since 07:40",
    " https://192.168.1.20:2428/ · password yjm9-cmnb-wurk",
    " Files     61.2 GB free",
    "── Messages ────────────────────────────────────────────────────────────────────",
  ]);
});

test("shows faults first, and limits the head to half of the height", () => {
  const fault = { kind: "fault", subject: "disk", text: "Disk: 180 MB free" } as const;
  const { state } = run(MESSAGES, [fault]);
  expect(drawn(state)[0]).toBe(" ✗ Disk: 180 MB free");
  expect(drawn(state, LESSON, 80, 24).findIndex((line) => line.startsWith("──"))).toBe(8);
  expect(drawn(state, LESSON, 50, 15).slice(0, 5)).toEqual([
    " ✗ Disk: 180 MB free",
    " https://192.168.1.20:2428/         23 of 27 here",
    " password yjm9-cmnb-wurk",
    " Hands     ▸ Rina · ✋ Doni, Tari, Wawan +2 #math",
    "── Messages ──────────────────────────────────────",
  ]);
  const five = ["disk", "clock", "majority", "certificate", "store"] as const;
  const faults = five.map((subject) => ({ kind: "fault", subject, text: subject }) as const);
  const rows = drawn(run(MESSAGES, faults).state, LESSON, 50, 15);
  expect(rows.findIndex((line) => line.startsWith("──"))).toBeLessThanOrEqual(7);
});

test("omits keys that do not fit", () => {
  expect(drawn(BEGUN, LESSON, 50, 15).at(-1)).toBe(
    " i invite  c code  w wall  l log  ? help  q stop",
  );
});

test("wraps to two rows with whole names on a wide screen", () => {
  const state = added(BEGUN, row(`${"word ".repeat(40)}end`, { from: "Rina Dewi Lestari" }));
  const wide = drawn(state, LESSON, 120, 40);
  const at = wide.findIndex((line) => line.includes("Rina Dewi Lestari"));
  expect(at).toBeGreaterThan(0);
  expect(wide[at + 1]).toMatch(/^ {49}word .*…$/);
  expect(wide[at + 2]).toBe("");
  expect(drawn(state).find((line) => line.includes("word word"))).toMatch(
    /^ 08:16 #math {6}Rina {8}word/,
  );
});

test("uses the whole name if several people have the first name", () => {
  const state = added(BEGUN, row("hi", { from: "Rina Dewi" }));
  const facts = { ...LESSON, sharedFirstNames: new Set(["Rina"]) };
  expect(drawn(state, facts).find((line) => line.endsWith("hi"))).toContain("Rina Dewi");
});

test("shows menus, the log, the code and the help above the keys", () => {
  expect(drawn(run(MESSAGES, ["q"]).state).slice(-5)).toEqual([
    " Stop the server? 23 people are connected, 2 files in transfer.",
    " ▸ Keep running",
    "   Stop when transfers are done",
    "   Stop now",
    " ↑ ↓ Enter · Esc changes nothing",
  ]);
  const log = drawn(run(MESSAGES, ["l"]).state);
  expect(log[0]).toBe(
    " Log · 4 lines                                                    / finds · Esc",
  );
  expect(log[2]).toBe(" 08:16:00 #math        Rina: Is it the numerator or the denominator?");
  const code = drawn(run(MESSAGES, ["c"]).state);
  expect(code.join("\n")).toContain("password yjm9-cmnb-wurk");
  expect(code.filter((line) => /[█▀▄]{3}/.test(line)).length).toBeGreaterThan(10);
  expect(drawn(run(MESSAGES, ["c"]).state, LESSON, 50, 15).join("\n")).toContain("too small");
  expect(drawn(run(MESSAGES, ["?"]).state).join("\n")).toContain("chat admin invite");
  const confirming = drawn(run(MESSAGES, ["a", ..."Page 34", "enter"]).state);
  expect(confirming.at(-1)).toBe(" Enter publishes to 23 people · Esc");
});

test("counts private and encrypted messages", () => {
  const counted = { ...MESSAGES, privateCount: 12, encryptedCount: 3 };
  expect(drawn(counted).find((line) => line.startsWith("──"))).toStartWith(
    "── Messages · 12 private · 3 encrypted ──",
  );
});

test("has no messages with --quiet", () => {
  const quiet = { ...firstBoard({ verbose: false, quiet: true }), people: BEGUN.people };
  expect(drawn(added(quiet, row("secret"))).join("\n")).not.toMatch(/Messages|secret/);
});

test("draws any texts and sizes without overflow and control characters", () => {
  const text = fc.string({ unit: ANY_CHARACTER, maxLength: 60 });
  const keys = fc.constantFrom(
    [],
    ["l"],
    ["c"],
    ["w"],
    ["w", "x"],
    ["w", "q"],
    ["?"],
    ["q"],
    ["i"],
    ["a", "x", "enter"],
  );
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 8 }),
      fc.integer({ min: 1, max: 130 }),
      fc.integer({ min: 1, max: 45 }),
      keys,
      (foreign, columns, rows, pressed) => {
        const texts = foreign.map(boardText);
        const [one = "", two = ""] = texts;
        const state = added(BEGUN, ...texts.map((text) => row(text, { from: one, unixMs: NOW })));
        const facts = {
          ...LESSON,
          name: one,
          here: texts,
          hands: [{ room: two, called: one, raised: texts }],
          announcement: two,
          wall: wallOf({ names: texts, line: two, poll: pollOf([one, two]) }),
        };
        const frame = boardFrame(props(run(state, pressed).state, facts, columns, rows), paint);
        expect(frame.lines.length).toBe(Math.max(rows, frame.lines.length));
        for (const { code, spans } of frame.lines) {
          const line = spans.map(({ text }) => text).join("");
          expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
          if (code === undefined && columns >= 50)
            expect(widthOf(line)).toBeLessThanOrEqual(columns);
        }
      },
    ),
    { numRuns: sampleSize(50, 300) },
  );
});
