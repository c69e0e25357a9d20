import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { serveNodes } from "../e2e/cluster-nodes.ts";
import { writeLateRecords } from "../e2e/late-records.ts";
import { Sandbox } from "../e2e/program.ts";
import { until } from "../event.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { clusterPageTest, pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { expectAccessible } from "./theme.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const { browser } = server;
const SPIKE = 60;
const STILL_FRAMES = 12;
const LINES = 60;
const PHONE = { width: 390, height: 844, isPhone: true };

function isDrawn({ page }: Visit): Promise<boolean> {
  return page.evaluate<boolean>(`[...document.querySelectorAll(".chart canvas")].length === 5 &&
    [...document.querySelectorAll(".chart canvas")].every((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((one) => one !== 0);
    })`);
}

async function tab({ page }: Visit, name: string): Promise<void> {
  await page.getByRole("tab", { name, exact: true }).click();
}

async function serverWindow(name: string): Promise<Visit> {
  const olga = await server.operator();
  if ((await olga.page.locator("#tab-server").count()) === 0)
    await olga.button("Server administration").click();
  await tab(olga, name);
  return olga;
}

pageTest("keeps room for the charts while they load", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  // The charts never arrive.
  const link = String(served.listening["operatorLink"]);
  await using olga = await browser.visit(link, { refused: "**/assets/charts*" });
  await olga.logIn("olga");
  await olga.button("Server administration").click();
  await tab(olga, "Health");
  const facts = olga.page.locator(".facts dt").first();
  await facts.waitFor();
  expect(await olga.page.locator(".chart").count()).toBe(0);
  const { height = 0 } = olga.page.viewportSize() ?? {};
  expect((await facts.boundingBox())?.y).toBeGreaterThan(height);
});

pageTest(
  "lets an operator reset a password, sign out a user, close a room and delete a file",
  async () => {
    const { sandbox } = server;
    const tom = server.home("tom");
    writeFileSync(sandbox.path("large.bin"), Buffer.alloc(40_000, 7));
    writeFileSync(sandbox.path("small.bin"), Buffer.alloc(10, 7));
    await tom.json(["send-file", sandbox.path("small.bin"), "--to", "lobby"]);
    await tom.json(["send-file", sandbox.path("large.bin"), "--to", "lobby"]);
    const terminal = await tom.join(["--room", "lab"]);
    const olga = await serverWindow("People");
    const table = (name: string) => olga.page.getByRole("table", { name, exact: true });
    const rows = (name: string) => table(name).locator("tbody th");
    await olga.page.getByText(/^\d accounts$/).waitFor();
    const names = await rows("Accounts").allInnerTexts();
    expect(names).toEqual(expect.arrayContaining(["olga", "tom"]));
    expect(names).toEqual([...names].sort());
    await table("Accounts").getByRole("button", { name: "Name" }).click();
    await until(
      "the order is reversed",
      async () => (await rows("Accounts").first().textContent()) === "tom",
    );
    const row = table("Accounts").getByRole("row").filter({ hasText: "tom" });
    await row.getByText("Here now", { exact: true }).waitFor();
    const act = async (entry: string) => {
      await row.getByRole("button", { name: "Actions for tom" }).click();
      await olga.menuItem(entry).click();
    };
    await act("Reset password");
    const reset = olga.dialog("Reset tom's password");
    await reset.getByRole("button", { name: "Reset password" }).click();
    const link = await reset.getByLabel("Link", { exact: true }).inputValue();
    expect(link).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/#reset=[\dA-Y]{4}-[\dA-Y]{4}-[\dA-Y]{4}$/);
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
    await phone.button("Set password and sign in").click();
    await phone.composer.waitFor();
    await act("Make operator");
    const grant = olga.dialog("Make tom an operator of this server?");
    await grant.getByRole("button", { name: "Make operator" }).click();
    await row.getByText("Operator", { exact: true }).waitFor();
    // The open page of the new operator follows.
    await phone.button("Server administration").waitFor();
    await act("Remove as operator");
    const revoke = olga.dialog("Remove tom as operator of this server?");
    await revoke.getByRole("button", { name: "Remove as operator" }).click();
    await phone.button("Server administration").waitFor({ state: "detached" });
    await act("Make operator");
    await grant.getByRole("button", { name: "Make operator" }).click();
    await row.getByText("Operator", { exact: true }).waitFor();
    await olga.page.getByRole("searchbox").fill("olg");
    await olga.page.getByText("1 account", { exact: true }).waitFor();

    await tab(olga, "Rooms");
    await until("the largest is first", async () =>
      /^#lobby/.test((await rows("Rooms").allInnerTexts())[0] ?? ""),
    );
    await table("Rooms").getByRole("button", { name: "Actions for #lab" }).click();
    await olga.menuItem("Make read-only").click();
    const close = olga.dialog("Make #lab read-only?");
    await close.getByRole("button", { name: "Make read-only" }).click();
    await table("Rooms").getByText("read-only", { exact: true }).waitFor();

    await tab(olga, "Files");
    await olga.page.getByText("2 files, 40.0 kB").waitFor();
    expect(await rows("Files").allInnerTexts()).toEqual(["large.bin", "small.bin"]);
    await table("Files").getByRole("button", { name: "Delete large.bin" }).click();
    await olga
      .dialog("Delete large.bin (40.0 kB) for everyone?")
      .getByRole("button", { name: "Delete", exact: true })
      .click();
    await olga.page.getByText("1 file, 10 B").waitFor();
    expect(await rows("Files").allInnerTexts()).toEqual(["small.bin"]);
    for (const name of ["People", "Rooms", "Files"]) {
      await tab(olga, name);
      await olga.page.getByRole("tabpanel").locator("table").first().waitFor();
      await expectAccessible(olga, "light", name);
    }
  },
);

pageTest("charts a spike of messages, also in a narrow window", async () => {
  const ben = await server.headlessUser("ben");
  await ben.postMany(SPIKE, (n) => `line ${n}`);
  const olga = await serverWindow("Health");
  const chart = olga.page.getByRole("figure", { name: /^Messages per second/ });
  await chart.getByText(/max [1-9]\d*\/s at \d\d:\d\d/).waitFor();
  await until("all charts are drawn", () => isDrawn(olga));
  await olga.page.getByText(/\d of \d accounts, \d connections/).waitFor();
  await olga.page.setViewportSize({ width: 390, height: 844 });
  await until("the charts fit", () =>
    olga.page.evaluate<boolean>(`[...document.querySelectorAll(".chart")].every((chart) =>
      chart.querySelector("canvas").getBoundingClientRect().width <= chart.clientWidth)`),
  );
  await until("they are drawn again", () => isDrawn(olga));
  await expectAccessible(olga, "narrow", "the server's charts");
  await olga.page.setViewportSize({ width: 1280, height: 800 });
});

pageTest(
  "shows the log since the start, filters and saves it; announces to all users",
  async () => {
    const cid = await server.headlessUser("cid");
    await cid.post("said before anybody looked");
    const olga = await serverWindow("Log");
    const log = olga.page.getByRole("region", { name: "Live log" });
    await log.getByText("said before anybody looked").waitFor();
    await cid.tab.ask("invite", {});
    await log.getByText("invite created").waitFor();
    await olga.button("Messages").click();
    await log.getByText("said before anybody looked").waitFor({ state: "detached" });
    await log.getByText("invite created").waitFor();
    await olga.button("Messages").click();
    const saved = olga.page.waitForEvent("download");
    await olga.button("JSONL").click();
    const lines = readFileSync(await (await saved).path(), "utf8")
      .trim()
      .split("\n");
    const told = lines.map((line) => JSON.parse(line) as { what: string; text: string });
    expect(told.some(({ text }) => text.includes("said before anybody looked"))).toBe(true);
    expect(told.filter(({ what }) => what === "invite created")).toHaveLength(1);
    await tab(olga, "Health");
    await olga.button("Announce").click();
    const dialog = olga.dialog("Announce");
    await dialog.getByLabel("Announcement").fill("<b>Maintenance</b> at noon");
    await dialog.getByRole("button", { name: "Announce" }).click();
    await olga.page.getByText("olga: <b>Maintenance</b> at noon").waitFor();
    await expectAccessible(olga, "light", "the announcement");
    const banner = olga.page.locator(".banner").filter({ hasText: "at noon" });
    const before = olga.page.viewportSize();
    await olga.page.setViewportSize({ width: 390, height: 844 });
    const [text, button] = await Promise.all([
      banner.locator(".announced").boundingBox(),
      banner.getByRole("button", { name: "Dismiss" }).boundingBox(),
    ]);
    expect(button?.y).toBeLessThan((text?.y ?? 0) + (text?.height ?? 0));
    if (before !== null) await olga.page.setViewportSize(before);
    await banner.getByRole("button", { name: "Dismiss" }).click();
    await olga.page.getByText("olga: <b>Maintenance</b> at noon").waitFor({ state: "detached" });
  },
);

async function isInView(line: Locator): Promise<boolean> {
  if ((await line.count()) === 0) return false;
  const [row, list] = await Promise.all([
    line.boundingBox(),
    line.page().locator(".log").boundingBox(),
  ]);
  return row !== null && list !== null && row.y + row.height <= list.y + list.height + 1;
}

pageTest("the live log follows new lines until the user scrolls", async () => {
  const olga = await serverWindow("Log");
  const kim = await server.headlessUser("kim");
  await kim.postMany(LINES, (n) => `long ${n}. ${"word ".repeat(n)}`);
  const log = olga.page.getByRole("region", { name: "Live log" });
  const list = log.locator(".list");
  await log.getByText(`long ${LINES - 1}.`).waitFor();
  // A tap ends without a move of the pointer.
  await list.dispatchEvent("pointerdown");
  await list.dispatchEvent("pointerup");
  // Only the user's input stops following.
  await list.evaluate((element) => element.scrollTo(0, element.scrollTop - 5_000));
  await kim.post("seen at once");
  await log.getByText("seen at once").waitFor();
  const viewport = olga.page.viewportSize() ?? { width: 0, height: 0 };
  await olga.page.setViewportSize({ ...viewport, width: viewport.width / 2 });
  await until("the last line is in view", () => isInView(log.getByText("seen at once")));
  await olga.page.setViewportSize(viewport);
  const height = () => list.evaluate((element) => element.scrollHeight);
  const top = () => list.evaluate((element) => element.scrollTop);
  await list.focus();
  await until("the list is at the top", async () => {
    await olga.page.keyboard.press("Home");
    return (await top()) === 0;
  });
  const before = await height();
  await kim.post("seen below");
  await until("the log grows", async () => (await height()) > before);
  expect(await top()).toBe(0);
  await olga.page.keyboard.press("End");
  await log.getByText("seen below").waitFor();
  await kim.post("followed again");
  await log.getByText("followed again").waitFor();
  await tab(olga, "Clients");
});

async function kickUser(olga: Visit, name: string): Promise<void> {
  await tab(olga, "Clients");
  const row = olga.page.getByRole("row").filter({ hasText: name, hasNotText: "file transfer" });
  await row.getByRole("button", { name: `Actions for ${name}` }).click();
  await olga.menuItem("Remove from room").click();
  const question = olga.dialog(`Remove ${name} from #lobby?`);
  await question.getByRole("button", { name: "Remove from room" }).click();
  await question.waitFor({ state: "detached" });
}

async function checkPhoneScreens(pia: Visit): Promise<void> {
  const rooms = pia.page.locator(".has-drawer");
  const toRooms = async () => {
    await pia.button(/^Open the list of rooms/).tap();
    await rooms.waitFor();
  };
  const look = async (name: string, place: Locator, close = () => closeTop()) => {
    await place.waitFor();
    expect([name, await pia.overflow(), await clippedElements(pia)]).toEqual([name, 0, []]);
    await close();
    await place.waitFor({ state: "detached" });
  };
  const closeTop = () => pia.page.keyboard.press("Escape");
  await toRooms();
  await look("phone-rooms", rooms, () => pia.leaveHome());
  await toRooms();
  await pia.button("You").tap();
  for (const [name, label] of [
    ["phone-account", /Account and settings/],
    ["phone-invite", "Invite people"],
  ] as const) {
    await pia.button(label).tap();
    await look(name, pia.dialog(label));
  }
  await pia.button("Chats").tap();
  await pia.leaveHome();
  await pia.button("Show people").tap();
  await look("phone-people", pia.page.getByRole("complementary", { name: "People" }));
  await pia.button("Search").tap();
  await look("phone-search", pia.dialog("Find anything"), () => pia.button("Back").tap());
}

function clippedElements({ page }: Visit): Promise<readonly string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll("button, input, textarea, a")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .filter((element) => !element.matches(".sr-only, .skip, .shade") &&
      element.closest("[inert], .sr-only") === null)
    // A row that scrolls sideways may be wider.
    .filter((element) => element.closest(".settings-nav") === null)
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, { left, right, width }]) => width > 0 && (left < -1 || right > innerWidth + 1))
    .map(([element]) => element.outerHTML.slice(0, 120))`);
}

pageTest("removes a user on a phone; the live log keeps its scroll position", async () => {
  const olga = await serverWindow("Log");
  await olga.page.getByRole("region", { name: "Live log" }).locator(".list").waitFor();
  const bea = await server.headlessUser("bea");
  await using mia = await server.logIn("mia", PHONE);
  await checkPhoneScreens(mia);
  await bea.postMany(LINES, (n) => `row ${n}.`);
  const log = olga.page.getByRole("region", { name: "Live log" });
  await log.getByText(`row ${LINES - 1}.`).waitFor();
  await kickUser(olga, "mia");
  await mia.page.getByText("olga removed you from #lobby.").waitFor();
  await mia.page.getByRole("main").getByRole("button", { name: "Browse rooms" }).tap();
  await mia.results.getByText("lobby", { exact: true }).waitFor();
  await tab(olga, "Log");
  await log.getByText("olga · #lobby · mia").waitFor();
  const list = log.locator(".list");
  const height = () => list.evaluate((element) => element.scrollHeight);
  await list.hover();
  const staysAbove = async () => {
    await olga.page.mouse.wheel(0, -100_000);
    return olga.page.evaluate<boolean>(`new Promise((resolve) => {
      const list = document.querySelector(".log");
      let frames = 0;
      const next = () =>
        ++frames < ${STILL_FRAMES} ? requestAnimationFrame(next) : resolve(list.scrollTop === 0);
      next();
    })`);
  };
  await until("the log, which was on its way to the newest, stays above", staysAbove);
  const before = await height();
  await bea.post("after that");
  await until("the log grows", async () => (await height()) > before);
  expect(await olga.page.evaluate(`document.querySelector(".log").scrollTop`)).toBe(0);
  await tab(olga, "Clients");
});

pageTest("asks again before work loses its reader, and renames without a notice", async () => {
  const olga = await server.operator();
  const { page } = olga;
  const prof = await server.headlessUser("prof");
  await prof.tab.ask("join", { room: "essays", create: true });
  await prof.tab.ask("rules", { room: "essays", post: "private" });
  const quincy = await server.headlessUser("quincy");
  await quincy.tab.ask("join", { room: "essays" });
  await quincy.post("here is my essay", "essays@quincy");
  await olga.button("Server administration").click();
  await tab(olga, "People");
  await olga.button("Actions for quincy").click();
  await olga.menuItem("Rename…").click();
  await olga.field("New name").fill("quinn");
  await page.getByLabel("Leave no notice of the old name in rooms").check();
  await olga.button("Rename").click();
  await olga.button("Actions for quinn").waitFor();
  const { out } = await server.home("otis").run(["history", "--room", "lobby", "--json"]);
  expect(out).not.toContain("quincy");
  expect(out).not.toContain('"rename"');

  const question = olga.dialog("Permanently remove prof?");
  const remove = () => question.getByRole("button", { name: "Remove" }).click();
  await olga.button("Actions for prof").click();
  await olga.menuItem("Remove").click();
  await question.getByText("They can no longer sign in.").waitFor();
  await remove();
  await question.getByText("essays").waitFor();
  await olga.button("Actions for prof").waitFor();
  await remove();
  await olga.button("Actions for prof").waitFor({ state: "detached" });
});

pageTest("hides direct messages; bans and unbans a user, and closes registration", async () => {
  const olga = await serverWindow("Log");
  const dan = await server.headlessUser("dan");
  const terminal = await server.home("ivo").join([]);
  terminal.type("/msg dan what two people know");
  await dan.post("what everybody reads");
  const log = olga.page.getByRole("region", { name: "Live log" });
  await log.getByText("what everybody reads").waitFor();
  await log.getByText("a direct message").waitFor();
  expect(await log.getByText("what two people know").count()).toBe(0);

  await tab(olga, "Clients");
  const row = olga.page.getByRole("row").filter({ hasText: "ivo" });
  await row.getByText("127.0.0.1:").waitFor();
  await row.getByRole("button", { name: "Actions for ivo" }).click();
  await olga.menuItem("Ban user").click();
  const ban = olga.dialog("Ban ivo from the server?");
  await ban.getByRole("button", { name: "Ban" }).click();
  await ban.waitFor({ state: "detached" });
  expect((await terminal.ended()).exitCode).not.toBe(0);
  await tab(olga, "Bans");
  await olga.page.getByRole("table", { name: "Bans" }).getByText("ivo").waitFor();
  await olga.button("Unban").click();
  await olga.dialog("Unban ivo?").getByRole("button", { name: "Unban" }).click();
  await olga.page.getByRole("tabpanel").getByText("Nobody is banned.").waitFor();

  // Must be the last test of this server, because registration is closed afterwards.
  await tab(olga, "Health");
  await olga.page.getByRole("tabpanel").getByText("Disk free").first().waitFor();
  await olga.button("Close registration").click();
  const question = olga.dialog("Close registration");
  await question.getByRole("button", { name: "Close registration" }).click();
  await olga.button("Open registration").waitFor();
  await using late = await server.browser.visit(String(server.served.listening["web"]));
  const closed = "Enter your name to sign in. A new account needs an invite: ask whoever runs";
  await late.page.getByText(closed).waitFor();
  await late.submitLogin("late");
  await late.page.getByText("No account late with this password here.").waitFor();
  expect(await late.page.getByText("Make one?").count()).toBe(0);
  await late.field("Invite code").fill("whatever");
  await late.button("Continue").click();
  await late.page.locator(".fault-line:not(:empty)").waitFor();
});

pageTest("fetches decisions from before the start, and keeps the announcement", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve();
  const admin = sandbox.home("admin").with({ CHAT_USER: "ana" });
  await admin.json(["admin", "ban", "192.0.2.9", "--reason", "spam"]);
  await admin.json(["admin", "announce", "<b>we</b> **move** at noon"]);
  await first.program.signal("SIGTERM");
  const served = await sandbox.serve({ port: first.port });
  await using olga = await browser.visit(String(served.listening["operatorLink"]));
  await olga.logIn("olga");
  const { page } = olga;
  const banner = page.locator(".banner").filter({ hasText: /ana:\s*<b>we<\/b> move at noon/ });
  await banner.waitFor();
  expect(await banner.locator("strong").textContent()).toBe("move");
  await banner.getByRole("button", { name: "Dismiss" }).click();
  await banner.waitFor({ state: "detached" });
  await page.reload();

  await olga.button("Server administration").click();
  await tab(olga, "Log");
  const log = page.getByRole("region", { name: "Live log" });
  await log.getByText("signed in").first().waitFor();
  expect(await log.getByText("192.0.2.9").count()).toBe(0);
  await olga.button("Load older decisions").click();
  await log.getByText("ana · 192.0.2.9 · spam").waitFor();
  await page.getByText("No older decisions.").waitFor();
  expect(await olga.button("Load older decisions").isDisabled()).toBe(true);
  await expectAccessible(olga, "light", "earlier decisions");
  // The server sends the announcement on each connection; this browser has dismissed it.
  await tab(olga, "Health");
  await page.getByText("<b>we</b> **move** at noon").waitFor();
  expect(await banner.count()).toBe(0);
  await page.getByRole("heading", { name: "Announcement" }).scrollIntoViewIfNeeded();
  await olga.button("Withdraw").click();
  const dialog = olga.dialog("Withdraw the announcement?");
  await dialog.getByRole("button", { name: "Withdraw" }).click();
  await page.getByText("No announcement.").waitFor();
  await expectAccessible(olga, "light", "nothing is announced");
  expect(olga.violations).toEqual([]);
});

clusterPageTest("shows and ends clients and transfers of another node", async () => {
  const nats = await NatsServers.start(1);
  await using ended = new AsyncDisposableStack();
  ended.defer(() => nats.stop());
  await using sandbox = new Sandbox();
  const [first, other] = await serveNodes(sandbox, nats, ["first", "other"]);
  if (first === undefined || other === undefined) throw new Error("no servers");
  await until("the first knows of the other", () =>
    readFileSync(join(first.data, "invite"), "utf8").includes(`also=${other.address}`),
  );
  const env = { CHAT_INVITE: other.invite, CHAT_PASSWORD: "xxxxxxxx", CHAT_USER: "tom" };
  const tom = sandbox.home("tom").with(env);
  const open = await tom.join([]);
  const sending = tom.start(["send-file", "-", "--name", "endless.bin"]);
  sending.type("on and on");
  await using olga = await browser.visit(String(first.listening["operatorLink"]));
  await olga.logIn("olga");
  const { page } = olga;
  await olga.button("Server administration").click();
  await tab(olga, "Transfers");
  const row = (name: string) => page.getByRole("row").filter({ hasText: name });
  await row("endless.bin").getByText(other.address).waitFor();
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
  await row("olga").getByText("this device").waitFor();
  await expectAccessible(olga, "light", "clients of two machines");
  await row("tom").getByRole("button", { name: "Actions for tom" }).first().click();
  await olga.menuItem("Sign out everywhere").click();
  const dialog = olga.dialog("Sign out all devices of tom?");
  await dialog.getByRole("button", { name: "Sign out everywhere" }).click();
  expect((await open.ended()).exitCode).toBe(3);
  await row("tom").waitFor({ state: "detached" });

  expect(await page.getByText("This server is also available at").count()).toBe(0);
  await first.program.signal("SIGKILL");
  await page.getByText(/^Can't reach the server/).waitFor();
  await page.getByText("This server is also available at").waitFor();
  const links = page.locator(".banner a");
  expect(await links.count()).toBe(1);
  expect(await links.getAttribute("href")).toBe(`https://${other.address}/`);
});

pageTest("displays a time out of range as the last valid date", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve({ args: ["--open"] });
  for (const user of ["ana", "ben", "eve"]) {
    await sandbox.home(user).json(["send", `I am ${user}`, "--user", user]);
  }
  await first.program.signal("SIGTERM");
  await writeLateRecords(first.data, { by: "ana", muted: "ben", banned: "eve" });
  const served = await sandbox.serve({ args: ["--open"] });
  await using olga = await browser.visit(String(served.listening["operatorLink"]));
  await olga.logIn("olga");
  await olga.waitForMessage("I am ben");
  await olga.page.getByText(/ana muted ben until .*275760/).waitFor();
  await olga.button("Server administration").click();
  await olga.page.getByRole("tab", { name: "Bans" }).click();
  await olga.page
    .getByText(/until .*275760/)
    .first()
    .waitFor();
  await olga.page.getByRole("tab", { name: "Invites" }).click();
  await olga.page
    .getByText(/275760/)
    .first()
    .waitFor();
  expect(served.program.isRunning).toBe(true);
});
