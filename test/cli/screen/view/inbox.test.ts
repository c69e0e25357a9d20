import { expect, setSystemTime, test } from "bun:test";
import { join } from "node:path";
import type { InboxOverlay } from "../../../../src/cli/screen/state/inbox.ts";
import { screenTexts } from "../../../../src/cli/screen/text/texts.ts";
import type { RoomView } from "../../../../src/core/client/chat-record.ts";
import type { InboxCall, InboxPlace } from "../../../../src/core/client/inbox.ts";
import { timesIn } from "../../../../src/ui/text/times.ts";
import { expectGolden } from "../../../golden.ts";
import * as scenes from "./scenes.ts";

const GOLDEN = join(import.meta.dir, "../golden");
const MONDAY = Date.UTC(2026, 10, 30, 8, 45);
const HOSTILE = "\u001b[2J\u202Eevil\n\u0007 text";

function roomOf(name: string, people?: readonly string[]): RoomView {
  const common = { id: name, name, topic: "" };
  return people === undefined
    ? ({ ...common, kind: "room" } as RoomView)
    : ({ ...common, kind: "person" } as RoomView);
}

function at(day: number, hours: number, minutes: number): number {
  return Date.UTC(2026, 10, day, hours, minutes);
}

function call(reason: InboxCall["reason"], room: string, from: string, time: number, text: string) {
  return { reason, room: roomOf(room), seq: 1, timeUnixMs: time, from, text };
}

function place(room: RoomView, counts: readonly [number, number], time: number, text: string) {
  const [from = "", ...words] = text.split(": ");
  const last = { seq: 1, timeUnixMs: time, from, text: words.join(": ") };
  const [calls, unread] = counts;
  return { room, unread, calls, last, isMuted: false } satisfies InboxPlace;
}

function overlay(change: Partial<InboxOverlay> = {}, text = ""): InboxOverlay {
  const inbox = {
    calls: [
      call(
        "mention",
        "dev",
        "Ines",
        at(30, 8, 12),
        "@ana the certificate of the shop expires on Sunday and the registrar wants a new key. " +
          "Can you do it tonight?",
      ),
      call(
        "mention",
        "ops",
        "Tom",
        at(29, 21, 10),
        "@ana somebody logged in as root, was that you?",
      ),
      call(
        "reply",
        "general",
        "Priya",
        at(27, 19, 20),
        text || "Thursday suits me, but not before ten",
      ),
    ],
    people: [
      place(roomOf("Ines", []), [0, 2], at(30, 8, 30), "Ines: Lunch today? I have news from Oslo"),
      place(roomOf("Tom", []), [0, 1], at(29, 18, 2), "Tom: photos-of-the-rack.zip"),
    ],
    threads: [
      { ...place(roomOf("dev"), [4, 4], at(28, 11, 15), "Jonas: done on staging"), thread: 7 },
    ],
    rooms: [
      place(
        roomOf("dev"),
        [1, 54],
        at(30, 8, 41),
        "Tom: The build of the release is green since six o'clock",
      ),
      place(roomOf("general"), [1, 34], at(30, 8, 2), "Elif: Cake in the kitchen, second floor"),
      place(
        roomOf("random"),
        [0, 60],
        at(30, 8, 39),
        "Jonas: https://example.org/why-is-it-always-dns",
      ),
    ],
    since: at(27, 17, 40),
    callCount: 3,
    unread: 151,
  };
  const muted = [place(roomOf("deploys"), [0, 310], at(30, 8, 0), "bot: done")];
  const unread = new Map([
    ["dev", 54],
    ["lobby", 9],
    ["d2", 3],
  ]);
  const list = { inbox, muted, recent: [], unread };
  return { kind: "inbox", list, selectedIndex: 0, unfolded: {}, ...change };
}

function screen(size: string, shown: InboxOverlay, language: "en" | "id" = "en"): string[] {
  const [columns = 0, rows = 0] = size.split("x").map(Number);
  const texts = screenTexts(language);
  const state = scenes.stateOf({ overlay: shown });
  const props = scenes.propsOf(scenes.conversation().model(), { columns, rows }, { state });
  const frame = scenes.frameOf({ ...props, texts, times: timesIn(texts) });
  const lines = scenes.plainLines(frame);
  expect(lines).toHaveLength(rows);
  for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(columns);
  return lines.map((line) => line.trimEnd());
}

for (const size of ["80x24", "120x40", "50x15"]) {
  test(`the inbox at ${size}`, () => {
    setSystemTime(MONDAY);
    try {
      expectGolden(join(GOLDEN, `inbox-${size}.txt`), `${screen(size, overlay()).join("\n")}\n`);
      const indonesian = `${screen(size, overlay(), "id").join("\n")}\n`;
      expectGolden(join(GOLDEN, `inbox-id-${size}.txt`), indonesian);
    } finally {
      setSystemTime();
    }
  });
}

test("shows what cannot be reordered before hostile text, and a long list in parts", () => {
  const text = screen("80x24", overlay({}, HOSTILE)).join("\n");
  expect(text).toContain("␛[2J<U+202E>evil ⏎ ␇ text");
  const [only] = overlay().list?.inbox.calls ?? [];
  const list = overlay().list;
  if (only === undefined || list === undefined) throw new Error("no call");
  const inbox = { ...list.inbox, calls: Array(500).fill(only), callCount: 500 };
  const many = overlay({ list: { ...list, inbox }, selectedIndex: 20 });
  expect(screen("80x24", many).join("\n")).toContain("▸  480 more");
});

test("says that everything is read, and lists the newest places", () => {
  const list = overlay().list;
  if (list === undefined) throw new Error("no list");
  const { since: _, ...rest } = list.inbox;
  const inbox = { ...rest, calls: [], people: [], threads: [], rooms: [], callCount: 0, unread: 0 };
  const recent = [place(roomOf("dev"), [0, 0], at(27, 17, 38), "ana: See you on Monday")];
  const lines = screen("80x24", overlay({ list: { ...list, inbox, recent, muted: [] } }));
  expect(lines[0]).toMatch(/^ Inbox +nothing new$/);
  expect(lines[1]).toBe(" You have read everything.");
  expect(lines[2]).toBe(" Recent");
  expect(lines[3]).toMatch(/^▸ .*#dev +ana: See you on Monday$/);
});

test("lists the actions of a row", () => {
  const lines = screen("80x24", overlay({ action: 1 }));
  expect(lines.slice(1, 5)).toEqual(["  Open", "▸ Answer", "  Mark as read", "  Mute"]);
});

test("counts the places where more has arrived than is listed", () => {
  const { list } = overlay();
  if (list === undefined) throw new Error("no list");
  expect(screen("80x24", overlay())[0]).not.toContain("newer");
  const unread = new Map([
    ["dev", 11],
    ["lobby", 9],
  ]);
  expect(screen("80x24", overlay({ list: { ...list, unread } }))[0]).toEndWith("2 newer · Alt-I");
});
