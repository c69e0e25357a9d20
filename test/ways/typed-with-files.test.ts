import { expect } from "bun:test";
import { SOURCES } from "../ui/fault-sources.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

const KEPT = heldBy(
  "client/outgoing-messages.test.ts",
  "keeps the others of a message while one file has failed",
);
const SENT_WITH_OTHERS = heldBy(
  "client/transfers.test.ts",
  "has the text and the others if the server refuses one",
);

/** Every file of the page is part of a message that waits until its author decides. */
function waitsAsMessage(): void {
  const senders = SOURCES.filter(
    ({ path, code }) => path.startsWith("web/") && /\bmessages\.send\(/.test(code),
  );
  expect(senders.map(({ path }) => path)).toEqual(["web/driver/page-client.ts"]);
}

testRule("what was typed stays when one of its files cannot be sent", "send a file", {
  "page: chosen": heldBy(
    "page/waiting.test.ts",
    "shows why a file cannot be sent, and sends the rest without it",
  ),
  "page: pasted": waitsAsMessage,
  "page: dropped": waitsAsMessage,
  "page: camera": waitsAsMessage,
  "page: folder": waitsAsMessage,
  "page: shared by another app": exempt(
    "the page is no share target: other apps cannot send it files",
  ),
  "page: voice message": waitsAsMessage,
  "full screen": KEPT,
  "line mode": heldBy("e2e/files.test.ts", "Line mode names the file too, and a script sends"),
  "send-file": SENT_WITH_OTHERS,
  "send-file of a folder": SENT_WITH_OTHERS,
  "piped send-file": exempt("the shell has the command with its caption"),
  share: exempt("a share has no text beside its files"),
  "second file": SENT_WITH_OTHERS,
  "encrypted room": KEPT,
  conversation: KEPT,
  thread: KEPT,
});
