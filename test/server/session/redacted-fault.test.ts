import { expect, test } from "bun:test";
import { Fault, type FaultCode, msg } from "../../../src/base/fault.ts";
import { Session } from "../../../src/core/session/session.ts";
import { diskFault } from "../../../src/io/disk/disk.ts";
import { redacted, withMessage } from "../../../src/server/session/redacted-fault.ts";

const PATH = "/srv/chat/secret";
const HIDDEN: readonly FaultCode[] = [
  ...(["store-full", "store-failed", "store-denied"] as const),
  ...(["data-foreign", "log-corrupt", "internal"] as const),
];

function sent(fault: Fault): string {
  const [bye] = new Session("server", 0).close(fault);
  if (bye?.kind !== "transmit") throw new Error("nothing was sent");
  return new TextDecoder().decode(bye.bytes);
}

test.each(HIDDEN)("sends %s without its path, template and values", (code) => {
  const detail = { remedy: msg`see ${PATH}`, cause: new Error("ENOSPC") };
  const fault = new Fault(code, msg`cannot write ${PATH}`, detail);
  expect(sent(fault)).toContain(PATH);
  for (const outward of [redacted(fault), withMessage(redacted(fault), "chunk 3")]) {
    expect(outward.translatable).toEqual({});
    expect(sent(outward)).not.toContain(PATH);
    expect(sent(outward)).not.toContain("cannot write");
  }
});

test.each([
  ["EFBIG", "the server's disk cannot store files of this size"],
  ["EROFS", "the server's disk is read-only"],
  ["EACCES", "the server's disk denies access"],
  ["EIO", "the server's disk failed"],
])("says why the server's disk refused: %s", (errno, message) => {
  const cause = Object.assign(new Error("refused"), { code: errno });
  const outward = redacted(diskFault(cause, PATH));
  expect([outward.message, outward.exitCode]).toEqual([message, 1]);
  expect(sent(outward)).not.toContain(PATH);
});

test("sends the message of a configured limit", () => {
  const limit = new Fault("store-full", msg`the server's disk is nearly full`);
  expect(redacted(limit)).toBe(limit);
});

test("drops the template of a fault with another message", () => {
  const fault = new Fault("too-large", msg`${"5 B"} is too large`);
  expect(redacted(fault)).toBe(fault);
  const chunk = withMessage(fault, `${fault.message}, at chunk 3`);
  expect([chunk.message, chunk.translatable]).toEqual(["5 B is too large, at chunk 3", {}]);
});
