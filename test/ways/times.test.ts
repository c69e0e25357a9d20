import { expect } from "bun:test";
import { parseTime } from "../../src/base/parse-time.ts";
import { HOUR_MS } from "../../src/base/time.ts";
import { timeFlag } from "../../src/cli/flags.ts";
import { parseDuration } from "../../src/core/duration.ts";
import { parseDue } from "../../src/ui/commands.ts";
import { parseSearch } from "../../src/ui/search-query.ts";
import { fakeContext } from "../commands/fake-world.ts";
import { SOURCES } from "../ui/fault-sources.ts";
import { exempt, testRule } from "./rule.ts";

const NOW = Date.UTC(2026, 10, 20, 12);
const TIMES = { nowUnixMs: NOW, offsetMinutes: () => 60 };
/** Each with what it means an hour east of Greenwich. */
const MOMENTS: readonly (readonly [text: string, unixMs: number])[] = [
  ["10m", NOW - HOUR_MS / 6],
  ["2h", NOW - 2 * HOUR_MS],
  ["3d", NOW - 72 * HOUR_MS],
  ["1w", NOW - 168 * HOUR_MS],
  ["2026-11-20T09:30", Date.UTC(2026, 10, 20, 8, 30)],
  ["2026-11-20T09:30Z", Date.UTC(2026, 10, 20, 9, 30)],
  ["2026-11-20T09:30+02:00", Date.UTC(2026, 10, 20, 7, 30)],
  ["09:30", Date.UTC(2026, 10, 20, 8, 30)],
  ["2026-11-20", Date.UTC(2026, 10, 19, 23)],
  ["yesterday", Date.UTC(2026, 10, 18, 23)],
];

function readsAll(read: (text: string) => number | undefined): void {
  expect(MOMENTS.map(([text]) => [text, read(text)])).toEqual(MOMENTS as never);
}

/** Durations of mutes, bans and codes, and the times of due dates, which lie ahead. */
function readsAhead(): void {
  const hours = { "10m": 1 / 6, "2h": 2, "3d": 72, "1w": 168 };
  for (const [text, count] of Object.entries(hours)) {
    expect(parseDuration(text, { min: 1, max: 1e12 })).toBe(count * HOUR_MS);
    expect(parseDue(text, TIMES)).toBe(NOW + count * HOUR_MS);
  }
  expect(parseDue("2026-11-20T09:30Z", TIMES)).toBe(Date.UTC(2026, 10, 20, 9, 30, 59, 999));
}

function searches(): void {
  readsAll((text) => parseSearch(`after:${text} x`, { ...TIMES, open: "lobby" })?.sinceUnixMs);
}

/** A second parser of what people type would know other forms. */
function isOnlyParser(): void {
  const parsers = SOURCES.filter(
    ({ path, code }) => path.startsWith("web/view/") && /\bDate\.parse\(/.test(code),
  );
  // Its fields have hours and seconds, whose span an hour that clocks repeat must cover.
  expect(parsers.map(({ path }) => path)).toEqual(["web/view/admin/log.tsx"]);
}

testRule("a time is written in the same forms", "name a time", {
  page: () => {
    searches();
    readsAhead();
    isOnlyParser();
  },
  "full screen": () => {
    searches();
    readsAll((text) => parseTime(text, TIMES));
    readsAhead();
  },
  "line mode": () => {
    searches();
    readsAll((text) => parseTime(text, TIMES));
    readsAhead();
  },
  command: () => {
    const { context } = fakeContext({ nowUnixMs: NOW });
    readsAll((text) => timeFlag(context, text, "start"));
  },
  "admin command": readsAhead,
  "class list": exempt("a class list has names, rooms and roles, and no times"),
});
