import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHAT } from "./binary.ts";
import { operatorToken, Sandbox, type Served } from "./program.ts";
import { Pty } from "./pty.ts";
import { Tab } from "./tab.ts";

/** Ana in line mode. */
async function inLineMode(sandbox: Sandbox, term: string, served?: Served) {
  const { address } = served ?? (await sandbox.serve({ args: ["--open"] }));
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

test("lines written for an assignment's moderators reach others only if confirmed", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const ca = readFileSync(join(served.data, "tls.crt"), "utf8");
  const tea = await Tab.open(String(served.listening["web"]), "tea", "", { ca });
  await tea.ask("join", { room: "essay", create: true });
  await tea.ask("rules", { room: "essay", post: "private" });
  await using ana = await inLineMode(sandbox, "xterm", served);
  const shows = (text: RegExp) => ana.until(`${text}`, () => text.test(ana.written));
  ana.line("/join essay");
  await shows(/only moderators see your messages\)> /);
  const script = sandbox
    .home("ben")
    .start([...["join", served.address, "--plain"], ...["--user", "ben", "--json"]]);
  script.type("/join essay", "in time");
  await script.json("ack");
  ana.type("my work");
  await tea.ask("rules", { room: "essay", post: "everyone", everyone: "moderators" });
  await shows(/let everyone post, let only moderators[\s\S]*essay> my work/);
  await script.json("rules", { everyone: "moderators" });
  script.type("too late");
  expect(await script.json("fault")).toMatchObject({ code: "not-allowed" });
  ana.type("\r");
  await shows(/only moderators saw your messages in 'essay'[\s\S]*\[y\/N\]/);
  ana.line("n");
  await shows(/unsent, to essay: my work/);
  ana.line("for everyone");
  await ana.until("a second question", () => ana.written.split("only moderators saw").length === 3);
  ana.line("y");
  await shows(/ana.*: for everyone/);
  const history = await sandbox.home("ben").json(["history", "--room", "essay", "--kind", "text"]);
  expect(history.map(({ text }) => text)).toEqual(["for everyone"]);
});

test("a line for a conversation that the server forbids is not sent", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const ca = readFileSync(join(served.data, "tls.crt"), "utf8");
  const tab = (name: string) => Tab.open(String(served.listening["web"]), name, "", { ca });
  const [tea] = [await tab("tea"), await tab("ben")];
  await tea.ask("join", { room: "class", create: true });
  await tea.ask("operate", { token: operatorToken(served) });
  await using ana = await inLineMode(sandbox, "xterm", served);
  const shows = (text: RegExp) => ana.until(`${text}`, () => text.test(ana.written));
  ana.line("/msg @ben");
  await shows(/@ben> /);
  await tea.ask("server-rules", { direct: "moderators" });
  await shows(/@ben \(Direct messages are only possible from and to moderators\)> /);
  ana.line("psst");
  await shows(/not sent: Direct messages are only possible from and to moderators\./);
  await tea.ask("server-rules", { direct: "everyone" });
  await ana.until("the prompt returns", () => /\)> [^)]*@ben> [^)]*$/.test(ana.written));
  ana.line("now");
  await shows(/ana.*: now/);
});
