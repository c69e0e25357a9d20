import { exempt, heldBy, testRule } from "./rule.ts";

const SHOWN = heldBy("core/model/item.test.ts", "names nobody for a message that retention");
const WORDS = heldBy(
  "ui/text/event-text.test.ts",
  "deletedText({ ...expired, kind }, texts, names)",
);
const READ = heldBy(
  "core/client/chat-record.test.ts",
  "an erased record has expired once it is older than its room keeps messages",
);
const PRINTED = heldBy(
  "cli/output/render.test.ts",
  "says of erased records whether they have expired",
);
const LISTED = exempt(
  "the list has only files that exist; the page says how long a room keeps them",
);

testRule("what a room's limit removed is called expired, not deleted", "read messages", {
  page: WORDS,
  "page: search": exempt("a search finds nothing of an erased message"),
  "page: Activity": SHOWN,
  "page: files": LISTED,
  "full screen": WORDS,
  "line mode": heldBy(
    "cli/output/spoken.test.ts",
    "says whether a message was deleted or has expired",
  ),
  "join --json": PRINTED,
  history: PRINTED,
  "history --json": PRINTED,
  "history --follow": PRINTED,
  "history --data": heldBy(
    "e2e/room-rules.test.ts",
    "calls what the limit of a room removed expired",
  ),
  "search in the terminal": exempt("a search finds nothing of an erased message"),
  files: LISTED,
  IRC: heldBy("core/irc/render.test.ts", "REDACT #lab log-2 expired"),
  "IRC playback": exempt("it has no erased messages, as IRC clients expect"),
  export: READ,
  "export --html": heldBy(
    "cli/export/html.test.ts",
    "says whether a message was deleted or has expired",
  ),
  "encrypted room": READ,
  conversation: SHOWN,
  thread: SHOWN,
  "quoted by a reply": WORDS,
  pinned: exempt("an erased message is no longer pinned"),
  "get-file --follow": exempt("it fetches files that exist, and an expired one is none"),
});
