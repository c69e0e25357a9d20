import { describe, expect, test } from "bun:test";
import {
  CAP,
  capabilityList,
  capabilityNames,
  RENDER_CAPS,
  requestedCapabilities,
} from "../../../src/core/irc/capabilities.ts";
import { IrcSite } from "../../server/irc/irc-site.ts";

const BITS = Object.values(CAP);
const ALL = BITS.reduce((sum, bit) => sum | bit, 0);

test("each capability has its own bit and one name", () => {
  for (const bit of BITS) expect(capabilityNames(bit)).toHaveLength(1);
  expect(capabilityNames(ALL)).toEqual(capabilityList(false));
  expect(capabilityList(false)).toHaveLength(BITS.length);
  expect(capabilityNames(0)).toEqual([]);
});

test("values are listed only with version 302", () => {
  expect(capabilityList(false).join(" ")).not.toContain("=");
  expect(capabilityList(true).filter((name) => name.includes("="))).toEqual([
    "draft/multiline=max-bytes=65536,max-lines=500",
    "sasl=PLAIN",
  ]);
});

describe("a request", () => {
  test("adds and removes capabilities in order", () => {
    expect(requestedCapabilities(0, "batch  server-time ")).toBe(CAP.batch | CAP.time);
    expect(requestedCapabilities(CAP.batch | CAP.time, "-batch")).toBe(CAP.time);
    expect(requestedCapabilities(0, "batch -batch")).toBe(0);
    expect(requestedCapabilities(0, "-batch batch")).toBe(CAP.batch);
    expect(requestedCapabilities(CAP.sasl, "")).toBe(CAP.sasl);
    expect(requestedCapabilities(0, capabilityList(false).join(" "))).toBe(ALL);
  });

  test.each(["nope", "batch nope", "-nope", "-", "--batch", "BATCH", "sasl=PLAIN", "__proto__"])(
    "is refused as a whole: %p",
    (request) => {
      expect(requestedCapabilities(CAP.time, request)).toBeUndefined();
    },
  );
});

test("the list fits its lines, also after the log-in of the longest name", async () => {
  const irc = await IrcSite.open();
  const name = "n".repeat(32);
  await irc.member(name);
  const client = await irc.client(name);
  const listed = (lines: readonly string[]) => lines.flatMap((line) => lastOf(line).split(" "));
  expect(listed(await client.ask("CAP LS"))).toEqual(capabilityList(true));
  const old = await irc.connect().ask("CAP LS");
  expect(old).toHaveLength(1);
  expect(listed(old)).toEqual(capabilityList(false));
});

test("lines of a room differ only by capabilities of messages", () => {
  expect(capabilityNames(RENDER_CAPS)).toEqual([
    ...["account-tag", "batch", "draft/channel-rename", "draft/message-redaction"],
    ...["draft/multiline", "extended-join", "invite-notify", "message-tags", "server-time"],
  ]);
});

function lastOf(line: string): string {
  return line.slice(line.indexOf(" :") + 2);
}
