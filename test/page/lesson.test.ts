import { expect } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { CHAT } from "../e2e/binary.ts";
import { IrcConnection } from "../e2e/irc-connection.ts";
import { Screen } from "../e2e/tmux.ts";
import { requires } from "../installed.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

/** A lesson with a laptop, a phone in Indonesian, the full screen and an IRC client. */

const server = new PageServer({ args: ["--irc-tls", "127.0.0.1:0"] });
const PHONE = { width: 360, height: 740, isPhone: true, language: "id" };
const LIST = [
  "name,display name,rooms,role",
  "Bu_Sari,Bu Sari,math,moderator",
  "ana,Ana Ruíz,math,",
  "cici,Cici Ayu,math,",
  "",
].join("\n");

interface ImportedLine {
  readonly kind: string;
  readonly user?: string;
  readonly web?: string;
}

async function step<Value>(name: string, act: () => Promise<Value>): Promise<Value> {
  return await act().catch((cause: unknown) => {
    throw new Error(`step failed: ${name}: ${String(cause)}`, { cause });
  });
}

const lessonTest: typeof pageTest = (name, run) =>
  requires("tmux").describe("with tmux", () => pageTest(name, run));

lessonTest("a lesson on all interfaces, from the class list to its end", async () => {
  const { sandbox, served } = server;
  const admin = sandbox.home("admin").with({ CHAT_USER: "olga" });
  const links = await step("the class list becomes accounts with cards", async () => {
    const list = sandbox.write("class.csv", LIST);
    const cards = sandbox.path("cards.html");
    const command = ["admin", "accounts", "import", list, "--cards", cards];
    const lines: readonly ImportedLine[] = await admin.json(command);
    const created = lines.filter(({ kind }) => kind === "create-account");
    expect(created.map(({ user }) => user)).toEqual(["Bu_Sari", "ana", "cici"]);
    const page = readFileSync(cards, "utf8");
    for (const name of ["Bu Sari", "Ana Ruíz", "Cici Ayu"]) expect(page).toContain(name);
    expect((await admin.json(command)).at(-1)).toMatchObject({ kind: "imported", changes: 0 });
    await admin.json(["admin", "rules", "--direct", "moderators"]);
    await admin.json(["admin", "room", "math", "--newcomers", "on"]);
    return Object.fromEntries(created.map(({ user = "", web = "" }) => [user, web]));
  });

  const [teacher, cici] = await step("a teacher and a phone sign in by their cards", async () => {
    const [laptop, phone] = await Promise.all([
      server.visit({ link: links["Bu_Sari"] ?? "" }),
      server.visit({ ...PHONE, link: links["cici"] ?? "" }),
    ]);
    for (const visit of [laptop, phone]) {
      await visit.page.locator("input[type=password]").first().fill("correct horse");
      await visit.page.locator("input[type=password]").last().fill("correct horse");
      await visit.page.locator("form button[type=submit]").click();
      await visit.page.locator(".room-lists").waitFor({ state: "attached" });
    }
    return [laptop, phone] as const;
  });

  mkdirSync(sandbox.path("dodi-home"));
  await using dodi = await Screen.open(sandbox, "dodi", {
    CHAT_HOME: sandbox.path("dodi-home"),
    CHAT,
    CHAT_PASSWORD: "xxxxxxxx",
  });
  dodi.line(`clear; $CHAT join '${served.invite}' --user dodi --room math`);
  await dodi.shows(/^#math>$/);
  const [irc = ""] = served.listening["irc"] as string[];
  const eko = sandbox.home("eko").with({ CHAT_INVITE: served.invite, CHAT_USER: "eko" });
  await eko.with({ CHAT_PASSWORD: "password-eko" }).run(["register"]);
  const ekoIrc = IrcConnection.open(irc);
  await ekoIrc.logIn("eko", "password-eko");
  await ekoIrc.ask("JOIN #math");

  await step("everyone reads the teacher, by the display name", async () => {
    await teacher.room("math").click();
    await teacher.send("Good morning");
    await cici.page.evaluate("location.hash = '#/math'");
    await cici.message("Good morning").getByText("Bu Sari").waitFor();
    await dodi.shows(/Bu Sari.*│ Good morning$/);
    await ekoIrc.until("PRIVMSG #math :Good morning");
  });

  await step("everyone is called, and votes", async () => {
    await teacher.send("@everyone Quiz now?");
    await teacher.page.getByRole("button", { name: "Notify", exact: true }).click();
    await cici.message("Quiz now?").waitFor();
    await teacher.send("/poll Quiz? | yes | no");
    await ekoIrc.until("PRIVMSG #math :2. no");
    await cici.page.locator("fieldset.poll").getByLabel("yes").check();
    dodi.line("/vote 2");
    await teacher.page.locator("fieldset.poll").getByText("2 voters").waitFor();
  });

  await step("a hand is raised in the full screen, and lowered on the laptop", async () => {
    dodi.line("/hand");
    await cici.page.evaluate("location.hash = '#/math'");
    await teacher.button("Call on dodi").click();
    await dodi.shows(/called on dodi/);
    await cici.page.locator(".lesson").getByText("Giliran dodi").first().waitFor();
    await cici.button("Angkat tangan").tap();
    await teacher.page.locator(".lesson").getByText("dodi is speaking, then Cici Ayu").waitFor();
    await teacher.button("Done with dodi").click();
    await dodi.shows(/2 hands, called on dodi/);
    await teacher.button("Call on Cici Ayu").click();
    await cici.button("Saya datang").tap();
    await cici.button("Giliran Anda").tap();
    await teacher.button("Done with Cici Ayu").waitFor({ state: "detached" });
  });

  await step("pupils write to the teacher, and not to each other", async () => {
    ekoIrc.send("PRIVMSG dodi :psst");
    await ekoIrc.until(/direct messages are only possible from and to moderators/);
    ekoIrc.send("PRIVMSG Bu_Sari :I was late");
    await teacher.room("@eko").getByText("1 unread").waitFor();
  });

  await step("each hands in work that only the teacher sees", async () => {
    await teacher.send("/join essay --assignment");
    await teacher.dialog("Create room").getByRole("button", { name: "Create" }).click();
    await teacher.heading("#essay").waitFor();
    await teacher.send("One page about fractions");
    await cici.send("/join essay");
    await cici.waitForMessage("One page about fractions");
    await cici.page.getByText("Hanya Anda dan moderator yang melihat").waitFor();
    expect(await cici.accessibilityViolations()).toEqual([]);
    const work = sandbox.write("=cmd|calc.txt", "x = 4");
    await cici.page.locator(".composer input[type=file]").setInputFiles(work);
    await cici.button("Kirim").tap();
    await cici.page.locator("article.message").getByText("calc.txt").first().waitFor();
    dodi.line("/join essay");
    await dodi.shows(/^#essay>$/);
    dodi.line("A half is two quarters");
    await ekoIrc.ask("JOIN #essay");
    ekoIrc.send("PRIVMSG #essay :By IRC");
    await teacher.button("Handed in").click();
    // ana, who was invited with the class, has not joined.
    const list = teacher.page.getByRole("region", { name: "Handed in", exact: true });
    await list.getByText("3 of 4 handed in").waitFor();
    const downloading = teacher.page.waitForEvent("download");
    await list.getByRole("button", { name: "Download all (zip)" }).click();
    const zip = await (await downloading).path();
    const names = new TextDecoder("latin1").decode(readFileSync(zip));
    for (const name of ["cici/", "dodi/messages.txt", "eko/messages.txt"])
      expect(names).toContain(name);
    const seenByEko = ekoIrc.lines.all.join("\n");
    for (const work of ["two quarters", "calc.txt"]) expect(seenByEko).not.toContain(work);
  });
  ekoIrc.close();
});
