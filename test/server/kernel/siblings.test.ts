import { expect, test } from "bun:test";
import fc from "fast-check";
import { SIBLING_KEY_CHARS_MAX } from "../../../src/base/limits-cluster.ts";
import { ADDRESS_CHARS_MAX } from "../../../src/base/limits-page.ts";
import { parseSiblingMessage } from "../../../src/server/kernel/siblings.ts";

const NUMBERS = { memoryBytes: 1, links: 1, sessions: 1, lanes: 0, sentBytes: 2, receivedBytes: 3 };
const WINDOW = {
  server: { server: "10.0.0.1:2428", version: "1", since: 1_800_000_000_000, ...NUMBERS },
  clients: [],
  transfers: [],
};

test("ignores malformed messages of servers", () => {
  const long = "x".repeat(SIBLING_KEY_CHARS_MAX + 1);
  const far = "x".repeat(ADDRESS_CHARS_MAX + 1);
  const none = [
    ...[undefined, null, 7, [], { kind: "later" }],
    { kind: "read", user: "u", room: "r", n: -1 },
    { kind: "typing", user: "u", room: "r", on: 1 },
    { kind: "typing", user: "u", on: true },
    { kind: "key-packages-low", user: "u", device: long, left: 1 },
    { kind: "key-packages-taken", by: "u" },
    { kind: "device-seen", user: "u1", device: "d", day: 0.5, label: "" },
    { kind: "device-seen", user: "u1", device: "d", day: 1, label: long },
    { kind: "cancel", ask: "q1", file: "f1", user: "u1", direction: "sideways", by: "u2" },
    { kind: "cancel", ask: long, file: "f1", user: "u1", direction: "up", by: "u2" },
    { kind: "cancel", ask: "q1", file: "f1", user: "u1", direction: "up" },
    { kind: "cancelled" },
    { kind: "window" },
    { kind: "window", window: { ...WINDOW, server: { ...WINDOW.server, links: -1 } } },
    { kind: "window", window: { ...WINDOW, transfers: [{}] } },
    { kind: "window", window: { ...WINDOW, server: { ...WINDOW.server, server: far } } },
    { kind: "guess", keys: "name:ana" },
  ];
  for (const one of none) expect(parseSiblingMessage(one)).toBeUndefined();
  expect(parseSiblingMessage({ kind: "guess", keys: ["a", 1, long, "b", "c", "d"] })).toEqual({
    kind: "guess",
    keys: ["a", "b"],
  });
  fc.assert(fc.property(fc.anything(), (value) => void parseSiblingMessage(value)));
});
