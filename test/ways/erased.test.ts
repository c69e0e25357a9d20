import { exempt, heldBy, testRule } from "./rule.ts";

const SHOWN = heldBy(
  "core/model/item.test.ts",
  "applies edits, reactions and erasures in any order of arrival",
);
const ARCHIVE = heldBy("server/kernel/erasure.test.ts", "erases a message and its edits");
const IRC_HISTORY = heldBy(
  "core/irc/history.test.ts",
  "contains edited texts, and no erased messages",
);
const LAST = heldBy("ui/parity.test.ts", "/edit after the latest message was erased");

testRule("an erased text is shown nowhere", "read messages", {
  page: SHOWN,
  "page: search": heldBy(
    "core/model/page.test.ts",
    "removes the text of an erased message from the results",
  ),
  "page: Activity": SHOWN,
  "page: files": heldBy(
    "server/files/downloads.test.ts",
    "erases the content with the last record",
  ),
  "full screen": SHOWN,
  "line mode": heldBy("ui/parity.test.ts", '"deleted messages"'),
  "join --json": heldBy("e2e/transcripts/operators.txt", '"kind":"erased"'),
  history: ARCHIVE,
  "history --json": ARCHIVE,
  "history --follow": ARCHIVE,
  "history --data": ARCHIVE,
  "search in the terminal": heldBy(
    "core/model/page.test.ts",
    "removes the text of an erased message from the results",
  ),
  files: heldBy("server/files/downloads.test.ts", "erases the content with the last record"),
  IRC: heldBy("core/irc/render.test.ts", "redaction shows each erased message"),
  "IRC playback": IRC_HISTORY,
  export: heldBy("e2e/archive.test.ts", "resumes after a kill, and restores no erased message"),
  "export --html": heldBy(
    "e2e/archive.test.ts",
    "resumes after a kill, and restores no erased message",
  ),
  "encrypted room": heldBy("server/sealed/service.test.ts", "erases sealed messages like others"),
  conversation: SHOWN,
  thread: heldBy(
    "core/model/thread.test.ts",
    "adds replies, edits, reactions and erasures to the open thread",
  ),
  "quoted by a reply": SHOWN,
  pinned: heldBy("server/rooms/pins.test.ts", "unpins erased messages"),
  "get-file --follow": heldBy(
    "server/files/downloads.test.ts",
    "erases the content with the last record",
  ),
});

testRule("an erased message is never the last one that a command means", "name a message", {
  page: LAST,
  "full screen": LAST,
  "line mode": LAST,
  command: exempt("a command takes the number of its message, and names an erased one"),
  IRC: exempt("IRC clients name messages by msgid, and REDACT refuses an erased one"),
});
