import { exempt, heldBy, testRule } from "./rule.ts";

const SAME = heldBy("e2e/same-facts.test.ts", "programs read the same facts live, later");
const SEALED = heldBy(
  "e2e/same-facts.test.ts",
  "programs read the same facts of an encrypted room",
);
const FOR_PEOPLE = exempt("people read it; a program takes the same command with --json");
const ON_PAGE = exempt("people read it; a program asks the server over HTTP");

testRule("a program reads the same facts wherever it reads", "read messages", {
  page: ON_PAGE,
  "page: search": ON_PAGE,
  "page: Activity": ON_PAGE,
  "page: files": ON_PAGE,
  "full screen": FOR_PEOPLE,
  "line mode": FOR_PEOPLE,
  "join --json": SAME,
  history: FOR_PEOPLE,
  "history --json": SAME,
  "history --follow": SAME,
  "history --data": SAME,
  "search in the terminal": FOR_PEOPLE,
  files: heldBy("e2e/files.test.ts", "files --grep lists files by name or caption in any case"),
  IRC: exempt("IRC clients get what IRCv3 has words for, which is less"),
  "IRC playback": exempt("IRC clients get what IRCv3 has words for, which is less"),
  export: SAME,
  "export --html": FOR_PEOPLE,
  "encrypted room": SEALED,
  conversation: heldBy(
    "e2e/history.test.ts",
    "returns the same history online and from the folder",
  ),
  thread: SAME,
  "quoted by a reply": SAME,
  pinned: SAME,
  "get-file --follow": exempt("it prints what it has downloaded, and no messages"),
});
