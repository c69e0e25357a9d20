import { expect, test } from "bun:test";
import { Fault, msg } from "../../../src/base/fault.ts";
import { faultLine } from "../../../src/cli/context.ts";
import { ENGLISH_TERMINAL } from "../../../src/ui/messages/en/terminal.ts";
import { INDONESIAN_TERMINAL } from "../../../src/ui/messages/id/terminal.ts";
import { noticeText, sealedRemarkFault } from "../../../src/ui/text/notice-text.ts";

const lost = {
  kind: "lost",
  fault: new Fault("link-closed", "the server is stopping"),
  retryInMs: 0,
} as const;

test.each([
  [lost, "connection lost (the server is stopping); retrying"],
  [{ kind: "majority", on: true }, "the cluster is available again"],
  [{ kind: "majority", on: false }, "most servers are down; messages are queued"],
  [
    { kind: "majority", on: false, refusal: "the disk is full" },
    "the disk is full; messages are queued",
  ],
] as const)("words %j once for line mode and full screen", (event, text) => {
  expect(noticeText(event, "someone")(ENGLISH_TERMINAL)).toBe(text);
  expect(noticeText(event, "seseorang")(INDONESIAN_TERMINAL)).not.toBe(text);
});

test("says where an encrypted room explains what its members claim", () => {
  const fault = sealedRemarkFault(msg`${"ben"} sees another history`);
  expect(faultLine(fault)).toBe("ben sees another history; see who can read here: /sealed");
});
