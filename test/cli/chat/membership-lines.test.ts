import { expect, test } from "bun:test";
import { MembershipLines } from "../../../src/cli/chat/membership-lines.ts";
import { type DisplayRecord, renderMembership } from "../../../src/cli/output/render.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

function opened() {
  const clock = new VirtualClock();
  const printed: string[] = [];
  const style = {
    ...({ format: "text", color: false, stamp: "clock", me: "ana" } as const),
    offsetMinutes: () => 0,
  };
  const lines = new MembershipLines({
    clock,
    print: (records) => printed.push(renderMembership(records, style).slice(6).trim()),
  });
  let seq = 0;
  const add = (from: string, kind: "join" | "leave" = "join", room = "dev") => {
    const event = { subject: undefined, text: "", isRemoved: false };
    const fields = { seq: ++seq, timeUnixMs: 0, destination: { room }, from, kind, event };
    lines.add(room, fields as unknown as DisplayRecord);
  };
  return { clock, printed, lines, add };
}

test("prints people who join together in one line, and the next line a minute later", async () => {
  const { clock, printed, add } = opened();
  for (let i = 0; i < 141; i++) add(`p${i}`);
  for (let i = 0; i < 12; i++) add(`q${i}`, "leave");
  expect(printed).toEqual([]);
  await clock.advance(500);
  expect(printed).toEqual(["dev * 141 people joined, 12 left"]);
  add("eve");
  add("eve", "leave");
  add("fay");
  add("ben", "join", "ops");
  await clock.advance(59_000);
  expect(printed.slice(1)).toEqual(["ops * ben joined"]);
  await clock.advance(1_000);
  expect(printed.slice(2)).toEqual(["dev * fay joined"]);
});

test("prints earlier joins before the next message, and the others at the end", async () => {
  const { clock, printed, lines, add } = opened();
  add("ben");
  lines.beforeMessage("dev");
  expect(printed).toEqual(["dev * ben joined"]);
  add("cleo");
  await clock.advance(1_000);
  lines.beforeMessage("dev");
  expect(printed).toHaveLength(1);
  lines.flushAll();
  expect(printed).toEqual(["dev * ben joined", "dev * cleo joined"]);
});
