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
