import { expect, test } from "bun:test";
import { CHAT } from "./binary.ts";
import { Sandbox } from "./program.ts";
import { Pty } from "./pty.ts";

/** Ana in line mode. */
async function inLineMode(sandbox: Sandbox, term: string) {
  const { address } = await sandbox.serve({ args: ["--open"] });
  await sandbox.home("ana").json(["send", "first", "--server", address, "--user", "ana"]);
  const env = { CHAT_HOME: sandbox.path("ana"), TERM: term };
  const args = ["join", "--plain"];
  const ana = new Pty(sandbox, { program: CHAT, args, cwd: sandbox.folder, env });
  await ana.until("a prompt", () => /lobby>[\s\S]*logged in as ana/.test(ana.written));
  return ana;
}

function texts(sandbox: Sandbox): Promise<readonly unknown[]> {
  const history = ["history", "--room", "lobby", "--kind", "text"];
  return sandbox
    .home("ana")
    .json(history)
    .then((records) => records.map(({ text }) => text));
}

test.each(["dumb", "xterm"])("on a terminal %s, pasted lines never run", async (term) => {
  await using sandbox = new Sandbox();
  await using ana = await inLineMode(sandbox, term);
  const shows = (text: RegExp) => ana.until(`${text}`, () => text.test(ana.written));
  ana.type("notes\r/leave\rthe salary\r");
  await shows(/3 pasted lines: press Enter to send as one message/);
  ana.type("\r");
  await shows(/ana.*: notes\r?\n {2}\| \/leave/);
  expect(await texts(sandbox)).toEqual(["first", "notes\n/leave\nthe salary"]);
});

test.each(["dumb", "xterm"])("on a terminal %s, answers sent at once are answers", async (term) => {
  await using sandbox = new Sandbox();
  await using ana = await inLineMode(sandbox, term);
  const shows = (text: RegExp) => ana.until(`${text}`, () => text.test(ana.written));
  ana.line("/join physics");
  await shows(/Create it\? \[y\/N\]/);
  ana.type("y\r/topic waves\r");
  await shows(/ana.*waves/);
  ana.line("/passwd");
  await shows(/Current password/);
  ana.type("\rswordfish\rswordfish\r");
  await shows(/password changed/);
  expect(ana.written).not.toContain("swordfish");
});

test("Alt-Enter and Ctrl-V Enter begin a new line, and Backspace joins lines", async () => {
  await using sandbox = new Sandbox();
  await using ana = await inLineMode(sandbox, "xterm");
  const shows = (text: RegExp) => ana.until(`${text}`, () => text.test(ana.written));
  ana.type("first\x1b\r");
  await shows(/\[2 lines: first\.\.\.\]/);
  ana.type("/leave");
  ana.type("\x16\r");
  await shows(/\[3 lines: first \/leave\.\.\.\]/);
  ana.type("thrid\x1b[13;2u\x7f\x7f\x7f\x7fird\r");
  await shows(/ana.*: first\r?\n {2}\| \/leave\r?\n {2}\| third/);
  ana.type("tail\x01\x1b\r");
  await shows(/\[2 lines: \.\.\.\]/);
  ana.type("head \x7f\x7f\x7f\x7f\x7f\x7f/me waves \r");
  await shows(/waves tail/);
  expect(await texts(sandbox)).toContain("first\n/leave\nthird");
});
