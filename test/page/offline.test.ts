import { expect } from "bun:test";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemDisk } from "../../src/io/disk/system-disk.ts";
import { readCheckpointFile } from "../../src/io/log/checkpoints.ts";
import { accountsIn, parseNote } from "../../src/wire/checkpoint.ts";
import { Sandbox } from "../e2e/program.ts";
import { Relay } from "../e2e/relay.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { pageAddress } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const ROLLED_BACK = "This server's history has been altered";
const WORDS = Array.from({ length: 20 }, (_, i) => `said while away ${i + 1}.`);

async function stored(data: string, user: string): Promise<readonly string[]> {
  const { sandbox } = server;
  const lines = await sandbox.home("reader").json(["history", "--data", data, "--room", "lobby"]);
  const texts = lines.filter(({ kind, from }) => kind === "text" && from === user);
  return texts.map(({ text }) => String(text));
}

pageTest("sends queued messages once and in order, also from a closed page", async () => {
  const { served } = server;
  await using relay = await Relay.open(served.port);
  await using ana = await server.logIn("ana", { via: relay });
  const ben = await server.headlessUser("ben");
  await ana.createRoom("attic");
  await ana.room("lobby").click();
  relay.cut();
  await ana.page.getByText(/^Can't reach the server/).waitFor();
  await ana.send("/join attic");
  await ana.heading("#attic").waitFor();
  await ana.send("/rooms");
  const list = ana.dialog("Find anything");
  await list.getByText("The connection was lost.").waitFor();
  expect(await list.getByText("Nothing has").count()).toBe(0);
  await ana.page.keyboard.press("Control+k");
  await ana.room("lobby").click();
  for (const words of WORDS) await ana.send(words);
  const waits = "waiting for connection";
  await ana
    .message(WORDS.at(-1) ?? "")
    .getByText(waits)
    .waitFor();
  await ben.post("meanwhile");
  relay.mend();
  await ana.waitUntilConnected();
  await ana.waitForMessage("meanwhile");
  await ana.waitUntilSent();
  expect(await stored(served.data, "ana")).toEqual(WORDS);

  relay.cut();
  await ana.page.getByText(/^Can't reach the server/).waitFor();
  await ana.send("kept by the browser");
  await ana.message("kept by the browser").getByText(waits).waitFor();
  await ana.page.close({ runBeforeUnload: false });
  relay.mend();
  const again = await ana.tab();
  await again.waitForMessage("kept by the browser");
  await again.waitUntilSent();
  expect(await stored(served.data, "ana")).toEqual([...WORDS, "kept by the browser"]);
});

pageTest("tells a user who was signed out elsewhere what waits to be sent", async () => {
  const { served } = server;
  await using relay = await Relay.open(served.port);
  await using eda = await server.logIn("eda", { via: relay });
  relay.cut();
  await eda.page.getByText(/^Can't reach the server/).waitFor();
  for (const text of ["first of eda", "second of eda"]) await eda.send(text);
  await eda.message("second of eda").getByText("waiting for connection").waitFor();
  const [reset] = await server.home("olga").json(["admin", "reset", "eda", "--sign-out"]);
  const phone = server
    .home("phone")
    .with({ CHAT_RESET: String(reset?.["code"]), CHAT_NEW_PASSWORD: "another one" });
  expect(await phone.run(["passwd", "--reset"])).toMatchObject({ exitCode: 0 });
  relay.mend();
  await eda.page
    .locator(".enter-form")
    .getByText("This browser was signed out. Sign in as eda again to send 2 messages.")
    .waitFor();
  expect(await eda.page.getByText("The name and the password do not match").count()).toBe(0);
  expect(await eda.field("Name").inputValue()).toBe("eda");
  await eda.field("Password").fill("another one");
  await eda.button("Continue").click();
  await eda.waitForMessage("second of eda");
  await eda.waitUntilSent();
  expect(await stored(served.data, "eda")).toEqual(["first of eda", "second of eda"]);
});

pageTest("opens all views without the server, and reconnects later", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await server.browser.visit(pageAddress(served));
  await ana.logIn("ana");
  await ana.send("before");
  await ana.waitForMessage("before");
  await ana.waitUntilSent();
  await served.program.signal("SIGKILL");
  await ana.page.getByText(/^Can't reach the server/).waitFor();
  await ana.openSettings();
  await ana.button("Sign out").waitFor();
  await ana.page.keyboard.press("Escape");
  await ana.search("before");
  await ana.page.getByText("Searched on this computer only").waitFor();
  await ana.results.getByText("before").waitFor();
  await ana.page.keyboard.press("Control+k");
  await ana.send("while it was dead");
  await ana.message("while it was dead").getByText("waiting for connection").waitFor();
  await sandbox.serve({ port: served.port });
  await ana.waitUntilConnected();
  await ana.waitUntilSent();
  expect(await stored(served.data, "ana")).toEqual(["before", "while it was dead"]);
});

pageTest("reports that the list of emoji cannot be loaded", async () => {
  await using dora = await server.visit({ refused: "**/assets/emoji-*" });
  await dora.logIn("dora");
  // Start waiting before the click, because the toast expires after some seconds.
  const toast = dora.page.getByText("Couldn't load this. Check your connection and retry.");
  await Promise.all([toast.waitFor(), dora.page.getByRole("button", { name: "Emoji" }).click()]);
  await dora.send("still here");
  await dora.waitForMessage("still here");
});

pageTest("sends messages of two tabs once, shows them in both, and logs out both", async () => {
  const ana = await server.window("eva");
  const other = await ana.tab();
  await other.composer.waitFor();
  const words = Array.from({ length: 15 }, (_, i) => `tab word ${i + 1}.`);
  for (const [i, word] of words.entries()) await (i % 2 === 0 ? ana : other).send(word);
  const shown = async (tab: Visit) => {
    for (const word of words) await tab.waitForMessage(word);
    await tab.waitUntilSent();
    const texts = await tab.page.locator("article.message .words").allTextContents();
    return texts.filter((text) => text.startsWith("tab word")).sort();
  };
  expect(await shown(ana)).toEqual([...words].sort());
  expect(await shown(other)).toEqual([...words].sort());
  expect([...(await stored(server.served.data, "eva"))].sort()).toEqual([...words].sort());

  await ana.logOut();
  await other.button("Use another name").waitFor();
});

pageTest(
  "sends the unsent messages of a closed tab from another tab, without its focus",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using ana = await server.browser.visit(pageAddress(served));
    await ana.logIn("ana");
    const other = await ana.tab();
    await other.composer.waitFor();
    await served.program.signal("SIGKILL");
    await other.page.getByText(/^Can't reach the server/).waitFor();
    await other.send("from the tab that closes");
    await other.message("from the tab that closes").getByText("waiting for connection").waitFor();
    await other.page.close();
    await sandbox.serve({ port: served.port });
    await ana.waitUntilConnected();
    await ana.waitForMessage("from the tab that closes");
    await ana.waitUntilSent();
    expect(await stored(served.data, "ana")).toEqual(["from the tab that closes"]);
  },
);

function storedPlaces<Value>({ page }: Visit, prefix: string): Promise<Value[]> {
  return page.evaluate<Value[]>(`new Promise((resolve, reject) => {
    const opened = indexedDB.open("chat");
    opened.onerror = reject;
    opened.onsuccess = () => {
      const keys = IDBKeyRange.bound("${prefix} ", "${prefix} \\uffff");
      const asked = opened.result.transaction("places").objectStore("places").getAll(keys);
      asked.onsuccess = () => {
        opened.result.close();
        resolve(asked.result);
      };
    };
  })`);
}

async function knownRecords(user: Visit): Promise<{ read: number; proved: number }> {
  const kept = await storedPlaces<{ readonly proved: boolean }[]>(user, "seen");
  const records = kept.flat();
  return { read: records.length, proved: records.filter(({ proved }) => proved).length };
}

pageTest("raises an alarm for a rolled back history, and blocks sending", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve();
  await using ana = await server.browser.visit(pageAddress(first));
  await ana.logIn("ana");
  await ana.send("early");
  await ana.waitUntilSent();
  await first.program.signal("SIGTERM");
  cpSync(first.data, sandbox.path("older"), { recursive: true });

  const later = await sandbox.serve({ port: first.port });
  await ana.waitUntilConnected();
  for (const words of ["one", "two", "three"]) await ana.send(words);
  await ana.waitUntilSent();
  // The page stores read records every two seconds, and proves them at the next login.
  await until("all four texts are remembered", async () => (await knownRecords(ana)).read >= 4);
  await ana.reload();
  await ana.waitForMessage("three");
  await until("all of it is proved", async () => {
    const { read, proved } = await knownRecords(ana);
    return read >= 4 && proved === read;
  });
  await later.program.signal("SIGTERM");

  const older = await sandbox.serve({ port: first.port, data: "older" });
  const alarm = ana.page.locator(".alarm");
  await alarm.getByRole("heading", { name: ROLLED_BACK }).waitFor();
  expect(await alarm.textContent()).toMatch(
    /only \d+ records?, but this device has seen \d+; record \d+ in #lobby \(ana, /,
  );
  await ana.send("into the void");
  await ana.page.keyboard.press("Escape");
  // After a reload, the alarm may be raised before the user is signed in.
  await ana.reload();
  await alarm.waitFor();
  const download = ana.page.waitForEvent("download");
  await alarm.getByText("Save evidence").click();
  const evidence = JSON.parse(readFileSync(await (await download).path(), "utf8"));
  expect(evidence).toMatchObject({ reason: "rolled-back", user: "ana" });
  expect(await stored(older.data, "ana")).toEqual(["early"]);

  await alarm.getByText("The owner confirmed it").click();
  await alarm.getByText("Accept and reload").click();
  await alarm.waitFor({ state: "detached" });
  await ana.waitForMessage("early");
  await ana.send("on we go");
  await ana.waitUntilSent();
  await ana.reload();
  await ana.waitForMessage("on we go");
  expect(await alarm.count()).toBe(0);
});

pageTest("tells its user of a password that an operator has reset", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await server.browser.visit(pageAddress(served));
  await ana.logIn("ana");
  await ana.send("early");
  await ana.waitUntilSent();
  const known = () => storedPlaces<{ readonly n: number }>(ana, "own");
  await until("the account is known", async () => {
    await ana.reload();
    await ana.waitForMessage("early");
    return ((await known())[0]?.n ?? 0) > 0;
  });
  const signedSize = () => {
    const { note = "" } = readCheckpointFile(systemDisk(), join(served.data, "history")) ?? {};
    return accountsIn(parseNote(note))?.checkpoint.size ?? 0;
  };
  const before = signedSize();
  await sandbox.home("olga").json(["admin", "reset", "ana", "--user", "olga"]);
  // The records of olga's account, and the reset.
  await until("the reset is signed", async () => signedSize() >= before + 2);
  await ana.reload();
  const notice = ana.page.getByText(/^A code that resets your password was created by olga on /);
  await notice.waitFor();
  expect(await notice.textContent()).toEndWith("If you don't know why, ask them.");
  expect(await ana.page.locator(".alarm").count()).toBe(0);
});
