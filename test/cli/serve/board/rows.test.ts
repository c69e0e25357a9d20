import { expect, test } from "bun:test";
import { boxId, type UserId } from "../../../../src/base/ids.ts";
import type { Name } from "../../../../src/base/names.ts";
import {
  connectedPeople,
  handsIn,
  namesHere,
  SharedFirstNames,
  workIn,
} from "../../../../src/cli/serve/board/facts.ts";
import { eventRow } from "../../../../src/cli/serve/board/rows.ts";
import { ANA, BEN, ROOM } from "../../../core/ledger.ts";
import { accounts, options, RoomLedger, registry } from "./board-ledger.ts";

test("cleans messages, and names their authors as people see them", () => {
  const ledger = new RoomLedger();
  const row = ledger.row("text", ROOM, BEN, { text: "a\n\u001b[2Jb \u202e" });
  expect(row).toMatchObject({ kind: "message", label: "#math", from: "Bu Sari" });
  expect(row).toMatchObject({ text: "a ␛[2Jb <U+202E>" });
});

test("counts private and encrypted messages, and shows nothing of them", () => {
  const ledger = new RoomLedger();
  const pair = "dDDDDDDDDDDD";
  ledger.write("room", pair, "server", { direct: [ANA, BEN] });
  expect(ledger.row("text", pair, ANA, { text: "secret" })).toBe("private");
  const sealed = new RoomLedger({ name: "vault", sealed: true });
  expect(sealed.row("sealed", ROOM, ANA, { c: "x" })).toBe("encrypted");
});

test("shows that something was handed in, without its content", () => {
  const ledger = new RoomLedger({ name: "essay" });
  ledger.write("grant", ROOM, ANA, { user: BEN, on: true });
  ledger.write("rules", ROOM, BEN, { post: "private" });
  const box = boxId(ROOM, ANA);
  ledger.write("room", box, "server", {});
  expect(ledger.row("text", box, ANA, { text: "my essay" })).toMatchObject({
    label: "#essay",
    from: "ana",
    text: "(handed in a text)",
  });
  expect(ledger.row("text", box, BEN, { text: "well done" })).toBe("private");
  const [work] = workIn(ledger.rooms, accounts.time);
  expect(work).toEqual({ room: "essay", handedIn: 1, of: 1, late: 0, newestUnixMs: accounts.time });
});

test("joins are connections, and mutes are decisions", () => {
  const ledger = new RoomLedger();
  expect(ledger.row("join", ROOM, "uEEEEEEEEEEE", {})).toMatchObject({ kind: "connection" });
  const until = accounts.time + 600_000;
  const row = ledger.row("mute", ROOM, BEN, { user: ANA, name: "ana", on: true, until });
  expect(row).toMatchObject({ isDecision: true });
  expect(row).toHaveProperty("text", expect.stringMatching(/^Bu Sari muted ana in #math until /));
});

test("lists raised hands, and who is called on", () => {
  const ledger = new RoomLedger();
  expect(handsIn(ledger.rooms, registry)).toEqual([]);
  const row = ledger.row("hand", ROOM, ANA, { user: ANA, name: "ana", on: true });
  expect(row).toMatchObject({ hands: { raised: 1, called: 0 } });
  expect(handsIn(ledger.rooms, registry)).toEqual([
    { room: "#math", called: undefined, raised: ["ana"] },
  ]);
});

test("names people once, the last who came first", () => {
  const peer = (id: UserId) => ({ account: { id } });
  const peers = [peer(ANA), { account: undefined }, peer(BEN), peer(ANA)];
  expect(namesHere(connectedPeople(peers, registry))).toEqual({
    here: ["Bu Sari", "ana"],
    hereCount: 2,
  });
  expect([...(new SharedFirstNames(registry).names ?? [])]).toEqual([]);
});

test("rows of events contain no texts of users with --quiet", () => {
  const address = { host: "10.0.0.1", port: 1 };
  const connected = { kind: "connected", address, transport: "tcp", client: "x" } as const;
  expect(eventRow(connected, options)?.text).toBe("10.0.0.1:1 tcp x");
  expect(eventRow(connected, { ...options, isQuiet: true })?.text).toBe("10.0.0.1:1 tcp");
  const user = "ana" as Name;
  const row = eventRow({ kind: "decided", decision: "banned", by: "bu_sari", whom: user }, options);
  expect(row).toMatchObject({ isDecision: true, text: "banned: ana, by Bu Sari" });
  const own = eventRow({ kind: "decided", decision: "registered", by: user }, options);
  expect(own).toMatchObject({ kind: "connection" });
});
