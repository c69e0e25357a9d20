import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { operatorToken, Sandbox } from "./program.ts";
import { Tab } from "./tab.ts";
import { Screen } from "./tmux.ts";

async function person(sandbox: Sandbox, name: string, address: string): Promise<Screen> {
  const screen = await Screen.open(sandbox, name, {
    CHAT_HOME: sandbox.path(name),
    CHAT,
    CHAT_PASSWORD: "xxxxxxxx",
    LC_ALL: "C.UTF-8",
  });
  mkdirSync(sandbox.path(`${name}-files`));
  screen.line(`cd ${name}-files; clear; $CHAT join ${address} --user ${name}`);
  await screen.shows(/^#lobby>$/);
  return screen;
}

requires("tmux").test(
  "two users chat, exchange a file, lose and regain the server, search, and leave",
  async () => {
    await using sandbox = new Sandbox();
    const first = await sandbox.serve({ args: ["--open"] });
    await using ana = await person(sandbox, "ana", first.address);
    await using bob = await person(sandbox, "bob", first.address);
    await ana.shows(/ana and bob joined/);

    ana.line("hello bob");
    await bob.shows(/ana │ hello bob$/);
    bob.line("hello 漢字 😀, and e\u0301");
    await ana.shows(/bob │ hello 漢字 😀, and e\u0301$/);

    const bytes = crypto.getRandomValues(new Uint8Array(300_000));
    writeFileSync(sandbox.path("ana-files", "photo.bin"), bytes);
    ana.line("/send photo.bin");
    await bob.shows(/ana │ photo\.bin .*shift-up g downloads it$/);
    bob.press("S-Up", "g");
    const got = sandbox.path("bob-files", "photo.bin");
    await until("the file is there", () => existsSync(got));
    const digest = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
    expect(digest(readFileSync(got))).toBe(digest(bytes));
    bob.press("Escape");
    await bob.shows(/^#lobby>$/);

    await first.program.signal("SIGKILL");
    ana.line("said into the dark");
    await ana.shows(/said into the dark/);
    const again = await sandbox.serve({ args: ["--open"], port: first.port });
    await bob.shows(/│ said into the dark$/);

    bob.line("/history 3");
    await bob.shows(/─ \/history ─/);
    await bob.shows(/#\d+ {2}ana {2}said into the dark/);
    bob.press("Escape");
    await bob.until(
      "the list is closed",
      (rows) => !rows.some((row) => row.includes("/history ─")),
    );

    bob.line("/search dark");
    await bob.shows(/^ {3,}said into the dark/);
    // Leaves the list of messages, then the finder.
    await until("the finder is closed", () => {
      const isOpen = bob.rows().some((row) => /^ Find: /.test(row));
      if (isOpen) bob.press("Escape");
      return !isOpen;
    });
    await bob.shows(/^#lobby>$/);

    ana.line("/logout");
    await ana.shows(/You are not logged in\. Use \/login NAME\.$/);
    ana.line("to nobody");
    await ana.shows(/^! you are not logged in/);
    ana.press("C-u");
    await ana.shows(/^>$/);
    ana.line("/login ana");
    await ana.shows(/^#lobby>$/);
    ana.line("back again");
    await bob.shows(/│ back again$/);

    ana.line("/msg bob lunch?");
    await bob.shows(/Space: next, @ana \(1\)$/);
    bob.press("M-i");
    // Messages that were on the screen for less than a second are unread, too.
    await bob.shows(/^ Inbox .* unread since /);
    await bob.shows(/^▸ .* 1 {2}ana .* lunch\?$/);
    bob.press("Enter");
    await bob.shows(/^@ana>$/);

    ana.press("C-d");
    await ana.shows(/^\$$/);
    bob.press("C-c", "C-c");
    await bob.shows(/^\$$/);
    await again.program.signal("SIGTERM");
  },
);

requires("tmux").test("reports typing in an assignment to the moderators alone", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const ca = readFileSync(join(served.data, "tls.crt"), "utf8");
  const tab = (name: string) => Tab.open(String(served.listening["web"]), name, "", { ca });
  const [tea, jon] = [await tab("tea"), await tab("jon")];
  await tea.ask("join", { room: "essay", create: true });
  await tea.ask("rules", { room: "essay", post: "private" });
  await jon.ask("join", { room: "essay" });
  await using kim = await person(sandbox, "kim", served.address);
  kim.line("/join essay");
  await kim.shows(/^#essay>$/);
  kim.line("my essay");
  await kim.shows(/^#essay@kim>$/);
  kim.line("/join essay");
  await kim.shows(/^#essay>$/);
  kim.type("still writing");
  const { room } = await tea.notice("typing", ({ users }) => users.includes("kim"));
  const box = await tea.notice("room", ({ name }) => name === "essay@kim");
  expect(room).toBe(box.room);
  await jon.ask("who", { room: "essay" });
  expect(jon.notices.filter(({ kind }) => kind === "typing")).toEqual([]);

  // The text was written for the moderators.
  await tea.ask("rules", { room: "essay", post: "everyone", everyone: "moderators" });
  await kim.shows(/let everyone post, let only moderators use/);
  kim.press("Enter");
  await kim.shows(/only moderators saw your messages in 'essay'/);
  kim.press("C-g");
  await kim.shows(/^#essay> still writing$/);
  await jon.ask("who", { room: "essay" });
  expect(JSON.stringify(jon.notices)).not.toContain("still writing");
  kim.press("Enter");
  await kim.shows(/only moderators saw your messages in 'essay'/);
  kim.press("Down");
  await kim.shows(/> Yes$/);
  // Enter counts when the question has stood for a moment.
  while (kim.rows().some((row) => row.endsWith("> Yes"))) kim.press("Enter");
  await kim.shows(/still writing$/);
  kim.line("and more");
  await kim.shows(/│ and more$/);
});

requires("tmux").test("keeps a draft while the server forbids the conversation", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const ca = readFileSync(join(served.data, "tls.crt"), "utf8");
  const tab = (name: string) => Tab.open(String(served.listening["web"]), name, "", { ca });
  const [tea] = [await tab("tea"), await tab("ben")];
  await tea.ask("operate", { token: operatorToken(served) });
  await using kim = await person(sandbox, "kim", served.address);
  kim.line("/msg @ben");
  await kim.shows(/^@ben>$/);
  await tea.ask("server-rules", { direct: "operators" });
  await kim.shows(/^@ben> Direct messages are only possible from and to operators\.$/);
  kim.type("see you at");
  await kim.shows(/^@ben> see you at$/);
  kim.press("Enter");
  await kim.shows(/^@ben> see you at$/);
  await kim.shows(/Direct messages are only possible from and to operators\./);
  await tea.ask("server-rules", { direct: "everyone" });
  kim.press("C-u");
  await kim.shows(/^@ben>$/);
  kim.line("see you at ten");
  await kim.shows(/│ see you at ten$/);
});
