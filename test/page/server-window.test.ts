import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { serveNodes } from "../e2e/cluster-nodes.ts";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { clusterPageTest, pageTest, sharedBrowser } from "./browser.ts";
import { expectNoBarrier, LOOKS } from "./looks.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** Whoever runs a server sees how it is, and steers it. */

const browser = sharedBrowser();
/** More in a second than anybody types. */
const SPIKE = 60;

/** Whether something is drawn there. */
function isDrawn({ page }: Visit): Promise<boolean> {
  return page.evaluate<boolean>(`[...document.querySelectorAll(".chart canvas")].length === 5 &&
    [...document.querySelectorAll(".chart canvas")].every((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((one) => one !== 0);
    })`);
}

pageTest("an operator watches a spike on the chart, in each look", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ben = await Talker.open(served, "ben");
  await ben.fills(SPIKE, (n) => `line ${n}`);
  await using olga = await browser.visit(String(served.listening["operatorLink"]));
  await olga.enter("olga");
  await olga.button("Server window").click();
  await olga.page.getByRole("tab", { name: "Server", exact: true }).click();
  const chart = olga.page.getByRole("figure", { name: /^Messages per second/ });
  // It is older than the window.
  await chart.getByText(/at most [1-9]\d*\/s at \d\d:\d\d/).waitFor();
  await until("all charts are drawn", () => isDrawn(olga));
  await olga.page.getByText(/2 people of 2, over 2 connections/).waitFor();
  await olga.page.locator(".chart-table summary").click();
  await olga.page.getByRole("table", { name: "As a table, by the minute" }).waitFor();
  for (const [look, { width = 1440, height = 900, isDark = false }] of LOOKS.slice(0, 3)) {
    await olga.page.setViewportSize({ width, height });
    await olga.page.emulateMedia({ colorScheme: isDark ? "dark" : "light" });
    await until("the charts fit", () =>
      olga.page.evaluate<boolean>(`[...document.querySelectorAll(".chart")].every((chart) =>
        chart.querySelector("canvas").getBoundingClientRect().width <= chart.clientWidth)`),
    );
    await until("they are drawn anew", () => isDrawn(olga));
    await olga.keepPicture(`server-${look}`);
    await expectNoBarrier(olga, look, "the server's charts");
  }
  expect(olga.wrongs).toEqual([]);
  ben.tab.close();
});

/** A tab of the window. */
async function tab({ page }: Visit, name: string): Promise<void> {
  await page.getByRole("tab", { name, exact: true }).click();
}

pageTest("an operator resets a password, signs out, closes a room and erases a file", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using olga = await browser.visit(String(served.listening["operatorLink"]));
  await olga.enter("olga");
  const env = { CHAT_INVITE: served.invite, CHAT_PASSWORD: "xxxxxxxx", CHAT_USER: "tom" };
  const tom = sandbox.home("tom").with(env);
  writeFileSync(sandbox.path("large.bin"), Buffer.alloc(40_000, 7));
  writeFileSync(sandbox.path("small.bin"), Buffer.alloc(10, 7));
  await tom.json(["send-file", sandbox.path("small.bin"), "--to", "lobby"]);
  await tom.json(["send-file", sandbox.path("large.bin"), "--to", "lobby"]);
  const terminal = await tom.join(["--room", "lab"]);
  await olga.button("Server window").click();

  await tab(olga, "Accounts");
  const table = (name: string) => olga.page.getByRole("table", { name, exact: true });
  const rows = (name: string) => table(name).locator("tbody th");
  await olga.page.getByText("2 accounts").waitFor();
  expect(await rows("Accounts").allInnerTexts()).toEqual(["olga", "tom"]);
  await table("Accounts").getByRole("button", { name: "Name" }).click();
  await until(
    "the order is turned",
    async () => (await rows("Accounts").first().textContent()) === "tom",
  );
  const row = table("Accounts").getByRole("row").filter({ hasText: "tom" });
  await row.getByText("online", { exact: true }).waitFor();
  const act = async (entry: string) => {
    await row.getByRole("button", { name: "Actions for tom" }).click();
    await olga.entry(entry).click();
  };
  await act("Reset the password");
  const reset = olga.dialog("A new password for tom");
  await reset.getByRole("button", { name: "Reset the password" }).click();
  const link = await reset.getByLabel("Address for a browser").inputValue();
  expect(link).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/#reset=p[\w-]{22}$/);
  await olga.page.keyboard.press("Escape");
  await act("Sign out everywhere");
  await olga
    .dialog("Sign out all devices of tom?")
    .getByRole("button", { name: "Sign out everywhere" })
    .click();
  expect((await terminal.ended()).exitCode).not.toBe(0);
  await using phone = await browser.visit(link);
  await phone.field("New password").fill("another one");
  await phone.field("Repeat new password").fill("another one");
  await phone.button("Set it and enter").click();
  await phone.box.waitFor();
  await act("Make an operator");
  const grant = olga.dialog("Make tom an operator of this server?");
  await grant.getByRole("button", { name: "Make an operator" }).click();
  await row.getByText("operator", { exact: true }).waitFor();
  await olga.page.getByRole("searchbox").fill("olg");
  await olga.page.getByText("1 account", { exact: true }).waitFor();

  await tab(olga, "Rooms");
  await until("the largest is first", async () =>
    /^#lobby/.test((await rows("Rooms").allInnerTexts())[0] ?? ""),
  );
  await table("Rooms").getByRole("button", { name: "Actions for #lab" }).click();
  await olga.entry("Close").click();
  const close = olga.dialog("Close #lab?");
  await close.getByRole("button", { name: "Close", exact: true }).last().click();
  await table("Rooms").getByText("closed", { exact: true }).waitFor();

  await tab(olga, "Files");
  await olga.page.getByText("2 files, 40.0 kB").waitFor();
  expect(await rows("Files").allInnerTexts()).toEqual(["large.bin", "small.bin"]);
  await table("Files").getByRole("button", { name: "Erase large.bin" }).click();
  await olga
    .dialog("Erase large.bin (40.0 kB) for everybody?")
    .getByRole("button", { name: "Erase", exact: true })
    .click();
  await olga.page.getByText("1 file, 10 B").waitFor();
  expect(await rows("Files").allInnerTexts()).toEqual(["small.bin"]);
  for (const [look, { width = 1440, height = 900, isDark = false }] of LOOKS.slice(0, 3)) {
    await olga.page.setViewportSize({ width, height });
    await olga.page.emulateMedia({ colorScheme: isDark ? "dark" : "light" });
    for (const name of ["Accounts", "Rooms", "Files", "Transfers", "Clients"]) {
      await tab(olga, name);
      await olga.page.getByRole("tabpanel").locator("table, .hint").first().waitFor();
      await olga.keepPicture(`${name}-${look}`);
      await expectNoBarrier(olga, look, name);
    }
  }
});

pageTest("the log begins before the window, is chosen by chips, and is saved", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ben = await Talker.open(served, "ben");
  await ben.says("said before anybody looked");
  await using olga = await browser.visit(String(served.listening["operatorLink"]));
  await olga.enter("olga");
  await olga.button("Server window").click();
  const log = olga.page.getByRole("region", { name: "Live log" });
  await log.getByText("said before anybody looked").waitFor();
  await ben.tab.ask("invite", {});
  await log.getByText("invite made").waitFor();
  await expectNoBarrier(olga, "light", "the log");
  await olga.keepPicture("log");
  await olga.button("Words").click();
  await log.getByText("said before anybody looked").waitFor({ state: "detached" });
  expect(await log.getByText("invite made").count()).toBe(1);
  await olga.button("Words").click();
  const saved = olga.page.waitForEvent("download");
  await olga.button("JSONL").click();
  const lines = readFileSync(await (await saved).path(), "utf8")
    .trim()
    .split("\n");
  const told = lines.map((line) => JSON.parse(line) as { what: string; text: string });
  expect(told.some(({ text }) => text.includes("said before anybody looked"))).toBe(true);
  expect(told.filter(({ what }) => what === "invite made")).toHaveLength(1);
  await tab(olga, "Server");
  await olga.button("Tell everybody").click();
  const dialog = olga.dialog("Tell everybody");
  await dialog.getByLabel("What everybody should know").fill("<b>Maintenance</b> at noon");
  await dialog.getByRole("button", { name: "Tell everybody" }).click();
  await olga.page.getByText("olga: <b>Maintenance</b> at noon").waitFor();
  await expectNoBarrier(olga, "light", "what everybody is told");
  const banner = olga.page.locator(".banner").filter({ hasText: "at noon" });
  await banner.getByRole("button", { name: "Dismiss" }).click();
  await olga.page.getByText("olga: <b>Maintenance</b> at noon").waitFor({ state: "detached" });
  ben.tab.close();
});

pageTest(
  "decisions of before the start are fetched, and what everybody is told stays",
  async () => {
    await using sandbox = new Sandbox();
    const first = await sandbox.serve();
    const admin = sandbox.home("admin").with({ CHAT_USER: "ana" });
    await admin.json(["admin", "ban", "192.0.2.9", "--reason", "spam"]);
    await admin.json(["admin", "announce", "<b>we</b> **move** at noon"]);
    await first.program.signal("SIGTERM");
    const served = await sandbox.serve({ port: first.port });
    await using olga = await browser.visit(String(served.listening["operatorLink"]));
    await olga.enter("olga");
    const { page } = olga;
    const banner = page.locator(".banner").filter({ hasText: /ana:\s*<b>we<\/b> move at noon/ });
    await banner.waitFor();
    expect(await banner.locator("strong").textContent()).toBe("move");
    await olga.keepPicture("announced");
    await banner.getByRole("button", { name: "Dismiss" }).click();
    await banner.waitFor({ state: "detached" });
    await page.reload();

    await olga.button("Server window").click();
    const log = page.getByRole("region", { name: "Live log" });
    await log.getByText("logged in").first().waitFor();
    expect(await log.getByText("192.0.2.9").count()).toBe(0);
    await olga.button("Earlier decisions").click();
    await log.getByText("ana · 192.0.2.9 · spam").waitFor();
    await page.getByText("No older decisions.").waitFor();
    expect(await olga.button("Earlier decisions").isDisabled()).toBe(true);
    for (const [look, { width = 1440, height = 900, isDark = false }] of LOOKS.slice(0, 3)) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: isDark ? "dark" : "light" });
      await olga.keepPicture(`earlier-${look}`);
      await expectNoBarrier(olga, look, "earlier decisions");
    }
    const saved = page.waitForEvent("download");
    await olga.button("CSV").click();
    expect(readFileSync(await (await saved).path(), "utf8")).toContain("192.0.2.9");
    // Nothing is from the future; another span is another question.
    await page.getByLabel("From").fill("2099-01-01T00:00");
    await page.getByText("Nothing found.").waitFor();
    await page.getByLabel("From").fill("2020-01-01T00:00");
    await log.getByText("logged in").first().waitFor();
    expect(await log.getByText("192.0.2.9").count()).toBe(0);
    await olga.button("Earlier decisions").click();
    await log.getByText("ana · 192.0.2.9 · spam").waitFor();

    // It is told with each connection, and was put away in this browser.
    await tab(olga, "Server");
    await page.getByText("<b>we</b> **move** at noon").waitFor();
    expect(await banner.count()).toBe(0);
    await page.getByRole("heading", { name: "Announcement" }).scrollIntoViewIfNeeded();
    await olga.keepPicture("announcement");
    await olga.button("Take back").click();
    const dialog = olga.dialog("Take back what everybody is told?");
    await dialog.getByRole("button", { name: "Take back" }).click();
    await page.getByText("Nobody is told anything.").waitFor();
    await expectNoBarrier(olga, "dark", "nothing is told");
    expect(olga.wrongs).toEqual([]);
  },
);

clusterPageTest("the window of one machine shows, and ends, what is at another", async () => {
  const nats = await NatsServers.start(1);
  await using ended = new AsyncDisposableStack();
  ended.defer(() => nats.stop());
  await using sandbox = new Sandbox();
  const [first, other] = await serveNodes(sandbox, nats, ["first", "other"]);
  if (first === undefined || other === undefined) throw new Error("no servers");
  const env = { CHAT_INVITE: other.invite, CHAT_PASSWORD: "xxxxxxxx", CHAT_USER: "tom" };
  const tom = sandbox.home("tom").with(env);
  const open = await tom.join([]);
  const sending = tom.start(["send-file", "-", "--name", "endless.bin"]);
  sending.type("on and on");
  await using olga = await browser.visit(String(first.listening["operatorLink"]));
  await olga.enter("olga");
  const { page } = olga;
  await olga.button("Server window").click();
  await tab(olga, "Transfers");
  const row = (name: string) => page.getByRole("row").filter({ hasText: name });
  await row("endless.bin").getByText(other.address).waitFor();
  await olga.keepPicture("cluster-transfers");
  await olga.button("Cancel the transfer of endless.bin").click();
  await olga
    .dialog("Cancel the transfer of endless.bin with tom?")
    .getByRole("button")
    .last()
    .click();
  await row("endless.bin").waitFor({ state: "detached" });
  expect((await sending.ended()).exitCode).toBe(3);
  await tab(olga, "Clients");
  await page.getByRole("columnheader", { name: "Server" }).waitFor();
  await row("tom").getByText(other.address).waitFor();
  await row("olga").getByText("this one").waitFor();
  await olga.keepPicture("cluster-clients");
  await expectNoBarrier(olga, "light", "clients of two machines");
  await row("tom").getByRole("button", { name: "Actions for tom" }).first().click();
  await olga.entry("Sign out everywhere").click();
  const dialog = olga.dialog("Sign out all devices of tom?");
  await dialog.getByRole("button", { name: "Sign out everywhere" }).click();
  expect((await open.ended()).exitCode).toBe(3);
  await row("tom").waitFor({ state: "detached" });
});
