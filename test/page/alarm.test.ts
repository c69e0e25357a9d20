import { expect } from "bun:test";
import { cpSync, readFileSync } from "node:fs";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import type { Visit } from "./visit.ts";

/** The folder of the server is put back to an older copy, and the page has seen more. */

const browser = sharedBrowser();
const TITLE = "The history of this server is not the one that this browser has seen";

/** How many records this browser keeps as read, and of how many it has seen the proof. */
async function remembered({ page }: Visit): Promise<{ read: number; proved: number }> {
  const kept = await page.evaluate<
    { readonly proved: boolean }[][]
  >(`new Promise((resolve, reject) => {
    const opened = indexedDB.open("chat");
    opened.onerror = reject;
    opened.onsuccess = () => {
      const seen = IDBKeyRange.bound("seen ", "seen \\uffff");
      const asked = opened.result.transaction("places").objectStore("places").getAll(seen);
      asked.onsuccess = () => {
        opened.result.close();
        resolve(asked.result);
      };
    };
  })`);
  const records = kept.flat();
  return { read: records.length, proved: records.filter(({ proved }) => proved).length };
}

pageTest(
  "a history that was rolled back raises an alarm that stays, and nothing is sent",
  async () => {
    await using sandbox = new Sandbox();
    const first = await sandbox.serve();
    await using ana = await browser.visit(pageAddress(first));
    await ana.enter("ana");
    await ana.says("early");
    await ana.settled();
    await first.program.signal("SIGTERM");
    cpSync(first.data, sandbox.path("older"), { recursive: true });

    const later = await sandbox.serve({ port: first.port });
    await ana.back();
    for (const words of ["one", "two", "three"]) await ana.says(words);
    await ana.settled();
    // What was read is written down every other second, and proved at the next log-in.
    await until("all four texts are remembered", async () => (await remembered(ana)).read >= 4);
    await ana.page.reload();
    await ana.sees("three");
    await until("all of it is proved", async () => {
      const { read, proved } = await remembered(ana);
      return read >= 4 && proved === read;
    });
    await later.program.signal("SIGTERM");

    const older = await sandbox.serve({ port: first.port, data: "older" });
    // Otherwise the link may be cut before the room is there, and with it the box to write in.
    await ana.context.route("**/assets/alarm-*", async (route) => {
      await ana.box.waitFor();
      await route.continue();
    });
    await ana.page.reload();
    const alarm = ana.page.locator(".alarm");
    await alarm.getByRole("heading", { name: TITLE }).waitFor();
    expect(await alarm.textContent()).toMatch(
      /the server shows \d+ records?, and this device has seen \d+; record \d+ in #lobby \(ana, /,
    );
    const picture = process.env["CHAT_ALARM_PICTURE"];
    if (picture !== undefined) await ana.page.screenshot({ path: picture });
    await ana.says("into the void");
    await ana.page.keyboard.press("Escape");
    await alarm.waitFor();
    const download = ana.page.waitForEvent("download");
    await alarm.getByText("Save the evidence").click();
    const evidence = JSON.parse(readFileSync(await (await download).path(), "utf8"));
    expect(evidence).toMatchObject({ reason: "rolled-back", user: "ana" });
    const kept = await sandbox
      .home("reader")
      .json(["history", "--data", older.data, "--room", "lobby"]);
    expect(kept.flatMap(({ text }) => (text === undefined ? [] : [text]))).toEqual(["early"]);

    // Meant so: the owner says it, and the browser is held to this history from now on.
    await alarm.getByText("The owner says it is right").click();
    await alarm.getByText("Accept it, and reload").click();
    await alarm.waitFor({ state: "detached" });
    await ana.sees("early");
    await ana.says("on we go");
    await ana.settled();
    await until("it is remembered", async () => (await remembered(ana)).read >= 2);
    await ana.page.reload();
    await until("what this history has is proved", async () => {
      const { read, proved } = await remembered(ana);
      return read >= 2 && proved === read;
    });
    expect(await alarm.count()).toBe(0);
  },
);
