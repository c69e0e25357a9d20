import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../../src/cli/program.ts";
import { VERBS } from "../../src/commands/table.ts";
import { tempFolder } from "../temp-folder.ts";
import { fakeWorld } from "./fake-world.ts";

const PROGRAM = { name: "chat", summary: "", verbs: VERBS };

const folder = tempFolder();
const DATA = join(folder, "data");
const SHORT = join(folder, "short");
writeFileSync(SHORT, "seven77\n");

async function misuse(argv: readonly string[]) {
  const world = fakeWorld({ env: { CHAT_HOME: join(folder, "home") } });
  const exitCode = await runProgram(PROGRAM, argv, world);
  return { exitCode, out: world.stdout.text, err: world.stderr.text };
}

const NAME = "is not a valid user name; use 1 to 32 ";
const ROOM = "is not a valid room name; use 1 to";
const PORT = "use a number from 1 to 65535";
const SEND = ["send", "x", "--server", "127.0.0.1:9"];
const JOIN = ["join", "127.0.0.1:9", "--user", "ana"];

test.each([
  [[...SEND, "--user", ""], NAME],
  [[...SEND, "--user", "a b"], NAME],
  [SEND, "no user name given; add --user NAME or set CHAT_USER"],
  [[...JOIN, "--room=123"], ROOM],
  [[...JOIN, "--login", "--register"], "cannot be combined"],
  [["join", "999.1.2.3"], "'999.1.2.3' is not an IP address"],
  [["join", "127.0.0.1:70000"], `'70000' is not a port; ${PORT}`],
  [["join", "chat://"], "'' is not a server address"],
  [["join", "chat://127.0.0.1/lobby?fp=short"], "fingerprint"],
  [["send", ""], "the message is empty; type some text"],
  [["history", "--since", "someday"], "'someday' is not a time"],
  [["history", "--last", "-1"], "--last requires a value"],
  [["history", "--grep", "x".repeat(1025)], "search text can have at most 1024 bytes"],
  [["history", "--grep", "x", "--exact", "-i"], "cannot be combined"],
  [["history", "--grep", "x", "--regex", "y"], "--grep and --regex cannot be combined"],
  [["history", "--regex", "("], "'(' is not a regular expression"],
  [["history", "--exec", "cat"], "--exec needs --follow"],
  [["history", "--limits", "5"], "did you mean --limit?"],
  [["history", "--kind", "words"], "invalid value for --kind: 'words'"],
  [["history", "--kind", "file", "--files"], "--files and --kind cannot be combined"],
  [["history", "--data", ".", "--follow"], "--data cannot be combined"],
  [["discover", "--timeout", "5"], "invalid --timeout"],
  [["lan", "--group", "10.0.0.1"], "is not a multicast group"],
  [["lan", "--interface", "203.0.113.9", "--user", "ana"], "no interface with the address"],
  [
    ["serve", "--host", "192.0.2.55", "--port", "0"],
    "192.0.2.55 is not an address of this machine",
  ],
  [["serve", "--cert", "/nonexistent"], "--cert and --key require each other; specify both"],
  [["serve", "--welcome", "x".repeat(4097)], "a welcome can have at most 4096 bytes; shorten it"],
  [["serve", "--offer", "nonesuch"], "'nonesuch' is not a folder"],
  [["serve", "--room-password-file", SHORT], "at least 8 characters"],
  [["admin", "accounts", "--sort", "size"], "invalid value for --sort: 'size'"],
  [["admin", "announce"], "specify either a text"],
  [["admin", "ban", "eve", "--for", "soon"], "'soon' is not a duration"],
  [["admin", "erase", "last"], "invalid message number: 'last'"],
  [["admin", "erase"], "no messages given"],
  [["admin", "log", "--since", "soon"], "'soon' is not a time"],
  [["admin", "retention", "lobby", "100000d"], "'100000d' is too short or too long"],
])("%j exits with 2 and one line that says what to do", async (argv, text) => {
  const more = argv[0] === "serve" ? ["--data", DATA] : [];
  const { exitCode, out, err } = await misuse([...argv, ...more]);
  expect([exitCode, out]).toEqual([2, ""]);
  expect(err).toContain(text);
  expect(err).toMatch(/^chat: [^\n]+; [^\n]+\n$/);
  expect(existsSync(DATA)).toBe(false);
});

test.each(["send-file", "share", "digest", "export", "backup", "import", "join"])(
  "the help of %s names the exit code for what is left out",
  async (verb) => {
    const { exitCode, out } = await misuse([verb, "--help"]);
    expect([exitCode, out.replaceAll(/\s+/g, " ")]).toEqual([
      0,
      expect.stringContaining("exits with code 7"),
    ]);
  },
);
