import { expect, test } from "bun:test";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/base/time.ts";
import type { HandedIn } from "../../../src/client/actions.ts";
import { deskView, lateText, nextWaiting, shownEntries } from "../../../src/ui/desk/desk-view.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { ACCOUNT_NAMES } from "../../../src/ui/text/person-text.ts";

const DUE = 1_800_000_000_000;

function work(user: string, more: Partial<HandedIn> = {}): HandedIn {
  return { user, messages: 1, files: 0, first: DUE - 1, at: DUE - 1, due: DUE, ...more };
}

const NOTHING = { messages: 0, first: undefined, at: undefined };

const WORKS = [
  work("eko", NOTHING),
  work("ayu", { reply: "done", stamp: "well-done" }),
  work("budi", { reply: "answered", stamp: "fix" }),
  work("citra", { first: DUE + 41 * MINUTE_MS, at: DUE + HOUR_MS }),
  work("dewi"),
  work("fajar", { stamp: "again" }),
  work("gone", { ...NOTHING, left: true }),
];

const view = deskView(WORKS, ACCOUNT_NAMES, (user) => user === "dewi");

test("states whose work waits, in the order of the names", () => {
  expect(view.entries.map(({ user, state }) => `${user} ${state}`)).toEqual([
    "ayu done",
    "budi answered",
    "citra new",
    "dewi read",
    "eko missing",
    "fajar new",
  ]);
  expect({ handed: view.handed, done: view.done }).toEqual({ handed: 5, done: 1 });
});

test("shows a stamp until there is newer work, and how late the first work was", () => {
  const of = (user: string) => view.entries.find((entry) => entry.user === user);
  expect([of("ayu")?.stamp, of("budi")?.stamp, of("fajar")?.stamp]).toEqual([
    "well-done",
    "fix",
    undefined,
  ]);
  expect([of("citra")?.lateMs, of("dewi")?.lateMs]).toEqual([41 * MINUTE_MS, undefined]);
});

test("keeps the open person among those who are not done", () => {
  const users = (open?: string) => shownEntries(view, true, open).map(({ user }) => user);
  expect(users()).toEqual(["budi", "citra", "dewi", "fajar"]);
  expect(users("ayu")).toEqual(["ayu", "budi", "citra", "dewi", "fajar"]);
  expect(shownEntries(view, false, undefined)).toHaveLength(6);
});

test("leads from each person to the next whose work waits", () => {
  expect(nextWaiting(view, "ayu")?.user).toBe("citra");
  expect(nextWaiting(view, "fajar")?.user).toBe("citra");
  expect(nextWaiting(view, "nobody")?.user).toBe("citra");
  const none = deskView([work("ayu", { reply: "done" })], ACCOUNT_NAMES, () => true);
  expect(nextWaiting(none, "ayu")).toBeUndefined();
});

test("names how late work is", () => {
  const texts = [1, 41 * MINUTE_MS, 14.9 * HOUR_MS, 47 * HOUR_MS, 3.5 * DAY_MS];
  expect(texts.map((lateMs) => lateText(lateMs, ENGLISH))).toEqual([
    "1 min late",
    "41 min late",
    "14 h late",
    "47 h late",
    "3 days late",
  ]);
});
