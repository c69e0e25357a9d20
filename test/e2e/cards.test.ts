import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { findResetCode } from "../../src/core/reset-codes.ts";
import { CHAT } from "./binary.ts";
import type { Sandbox } from "./program.ts";
import { Pty } from "./pty.ts";
import { sandboxTest } from "./shared-server.ts";

const OLGA = ["--user", "olga"];
const LIST =
  "name,display name,rooms\nsiti,Siti Nurhaliza,math\nivan-b,Иван Борисов,math\nlee,Lee,\n";

interface School {
  readonly address: string;
  readonly page: string;
  /** Code of each card, by account. */
  readonly codes: ReadonlyMap<string, string>;
}

async function school(sandbox: Sandbox, flags: readonly string[] = []): Promise<School> {
  const { address } = await sandbox.serve({ args: ["--name", "Room 12"] });
  const cards = sandbox.path("cards.html");
  const list = sandbox.write("class.csv", LIST);
  const command = ["admin", "accounts", "import", list, "--cards", cards, ...flags, ...OLGA];
  const lines = await sandbox.home("admin").json(command);
  const codes = new Map(
    lines.filter(({ code }) => code !== undefined).map(({ user, code }) => [`${user}`, `${code}`]),
  );
  return { address, page: readFileSync(cards, "utf8"), codes };
}

function terminal(sandbox: Sandbox, home: string, args: readonly string[]): Pty {
  const env = { CHAT_HOME: sandbox.path(home), CHAT_SERVER: "", CHAT_USER: "" };
  return new Pty(sandbox, { program: CHAT, args, cwd: sandbox.folder, env });
}

sandboxTest("a card has what people type, and instructions on request", async (sandbox) => {
  const { address, page, codes } = await school(sandbox, ["--instructions"]);
  const code = codes.get("siti") ?? "";
  expect(findResetCode(code)).toBe(code);
  const text = page.split("<article>").find((part) => part.includes(code));
  for (const part of [
    ...[
      "<h2>siti</h2>",
      "<p>Siti Nurhaliza</p>",
      `<p class="code">${code}</p>`,
      "Room 12",
      "Wi-Fi",
    ],
    ...[`<b>https://${address}</b>`, "“I have a code”", `chat login ${address}`],
  ])
    expect(text).toContain(part);
  expect(text).toMatch(/Valid until \d{1,2} \w+ \d{4}, once\./);
  expect(page).toContain("<h1>How to use chat · Room 12</h1>");
  expect(page).toContain(`<b>Scan your card.</b> Or open https://${address} in the browser`);
  const admin = sandbox.home("admin");
  const renew = ["--renew", "--cards", sandbox.path("kartu.html"), "--instructions"];
  const command = ["admin", "accounts", "import", sandbox.path("class.csv"), ...renew, ...OLGA];
  await admin.run(command, { env: { LC_ALL: "id_ID.UTF-8" } });
  const cards = readFileSync(sandbox.path("kartu.html"), "utf8");
  expect(cards).toMatch(/Berlaku sampai \d{1,2} \p{Lu}\w+ \d{4}, satu kali\./u);
  expect(cards).toContain("<h1>Cara memakai chat · Room 12</h1>");
  const alone = [...command.slice(0, 4), "--instructions", ...OLGA];
  expect((await admin.run(alone)).exitCode).toBe(2);
});

sandboxTest("a code signs in once, however it is typed", async (sandbox) => {
  const { address, codes } = await school(sandbox);
  const [siti = "", ivan = "", lee = ""] = ["siti", "ivan-b", "lee"].map((user) => codes.get(user));
  const pupil = sandbox.home("pupil");
  const env = { CHAT_NEW_PASSWORD: "found word" };
  const typed = siti.toLowerCase().replaceAll("-", " – ").replaceAll("0", "o").replaceAll("1", "l");
  const wrong = siti.replace(/.$/, (last) => (last === "7" ? "K" : "7"));
  const reset = (code: string) => ["passwd", "--reset", code, "--server", address];
  const mistyped = await pupil.run(reset(wrong), { env });
  expect([mistyped.exitCode, mistyped.err]).toEqual([
    2,
    expect.stringContaining("a letter or digit of this code is wrong; compare it with the card"),
  ]);
  const foreign = await pupil.run(reset("7K3M-9PXQ-2RTY"), { env });
  expect([foreign.exitCode, foreign.err]).toEqual([
    3,
    expect.stringContaining("this server does not know this code"),
  ]);
  const itself = await pupil.run(reset(siti), { env: { CHAT_NEW_PASSWORD: siti } });
  expect(itself.err).toContain("the password must not be the code");
  await sandbox.home("admin").json(["admin", "rename", "siti", "siti-n", ...OLGA]);
  expect(await pupil.json(reset(typed), { env })).toEqual([
    { kind: "password-changed", user: "siti-n" },
  ]);
  const again = await pupil.run(reset(siti), { env });
  expect(again.err).toContain("this code has been used, or the password changed since");
  const link = `https://${address}/#reset=${ivan}`;
  const signedIn = await sandbox.home("ivan").json(["login", link], { env });
  expect(signedIn).toEqual([{ kind: "logged-in", user: "ivan-b" }]);
  const joined = await sandbox.home("lee").json(["join", lee], { env });
  expect(joined[0]).toMatchObject({ kind: "connected", user: "lee" });
});

sandboxTest("a code is accepted where a terminal asks for the password", async (sandbox) => {
  const { address, codes } = await school(sandbox);
  const code = (codes.get("siti") ?? "").toLowerCase().replaceAll("-", " ");
  for (const [command, home, user, word] of [
    ["login", "one", "siti", code],
    ["join", "two", "ivan-b", codes.get("ivan-b") ?? ""],
  ] as const) {
    await using pty = terminal(sandbox, home, [command, address]);
    const asked = (text: string) => pty.until(text, () => pty.written.includes(text));
    await asked("Name on");
    pty.line(user);
    await asked("assword");
    pty.line(word);
    await asked("this sets the password of");
    pty.line("found word");
    await asked("Repeat password");
    pty.line("found word");
    if (command === "login") expect(await pty.ended()).toBe(0);
    else await pty.until("the chat", () => pty.written.includes("lobby"));
  }
  // The name in large letters on the card.
  await using byName = terminal(sandbox, "three", ["login", address]);
  const waits = (text: string) => byName.until(text, () => byName.written.includes(text));
  await waits("Name on");
  byName.line("Siti Nurhaliza ");
  await waits("assword");
  byName.line("found word");
  await waits("signed in as siti");
  expect(await byName.ended()).toBe(0);
  const other = sandbox.home("other");
  const login = ["login", address, "--user", " SITI "];
  expect((await other.run(login, { env: { CHAT_PASSWORD: "found word" } })).exitCode).toBe(0);
});

sandboxTest("nobody without a password reads that it is wrong", async (sandbox) => {
  const { address, codes } = await school(sandbox);
  const pupil = sandbox.home("pupil");
  const answers = new Map<string, string>();
  for (const user of ["siti", "nobody"]) {
    const { err } = await pupil.run(["login", address, "--user", user], {
      env: { CHAT_PASSWORD: "a guess" },
    });
    answers.set(user, err.replaceAll(user, "NAME"));
  }
  const [unclaimed = "", unknown = ""] = [...answers.values()];
  const last = (text: string) => text.trim().split("\n").at(-1);
  expect(last(unclaimed)).toBe(last(unknown));
  expect(unclaimed).toContain("if you have a card with a code: chat passwd --reset");
  expect(unclaimed).not.toMatch(/wrong|incorrect/i);
  const script = await pupil.run(["login", address, "--user", "siti"], {
    env: { CHAT_PASSWORD: codes.get("siti") ?? "" },
  });
  expect([script.exitCode, script.err]).toEqual([
    3,
    expect.stringContaining("this is the code of a card, and no password"),
  ]);
});

sandboxTest("a reset by a display name names the account, and never guesses", async (sandbox) => {
  const { address } = await school(sandbox);
  const admin = sandbox.home("admin");
  const script = await admin.run(["admin", "reset", "Иван  борисов", ...OLGA]);
  expect([script.exitCode, script.out, script.err]).toEqual([
    3,
    "",
    expect.stringContaining("write the account's name: chat admin reset ivan-b"),
  ]);
  expect((await admin.run(["admin", "reset", "Nobody Here", ...OLGA])).exitCode).toBe(4);
  const args = ["admin", "reset", "Иван Борисов", "--server", address, ...OLGA];
  for (const [answer, exitCode] of [
    ["n", 130],
    ["y", 0],
  ] as const) {
    await using pty = terminal(sandbox, "admin", args);
    const question = "Reset the password of ivan-b (Иван Борисов)?";
    await pty.until(question, () => pty.written.includes(question));
    pty.line(answer);
    // Output can arrive after the end of the program.
    if (answer === "y") await pty.until("the QR code", () => pty.written.includes("▀"));
    expect(await pty.ended()).toBe(exitCode);
    expect(pty.written.includes("▀")).toBe(answer === "y");
    expect(/\s[\dA-Y]{4}-[\dA-Y]{4}-[\dA-Y]{4}\s/.test(pty.written)).toBe(answer === "y");
  }
});
