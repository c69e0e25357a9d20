import { expect } from "bun:test";
import { operatorToken } from "../e2e/program.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();

pageTest("creates a room with topic and password; others browse, join and search", async () => {
  const ana = await server.window("ana");
  await ana.startNew("Create room");
  const create = ana.dialog("Create room");
  await create.getByLabel("Name", { exact: true }).fill("den");
  await create.getByLabel("Topic (optional)").fill("quiet work");
  await create.getByLabel("Password (optional)", { exact: true }).fill("s3cretive");
  await create.getByRole("button", { name: "Create", exact: true }).click();
  await ana.heading("#den").waitFor();
  await ana.page.getByText("quiet work").first().waitFor();
  await ana.send("the needle is here");
  await ana.waitForMessage("the needle is here");

  const leo = await server.headlessUser("leo");
  await leo.tab.ask("join", { room: "open-air", create: true });
  const mia = await server.window("mia");
  await mia.startNew("Browse rooms");
  const rooms = mia.results;
  await rooms.getByText("open-air", { exact: true }).waitFor();
  await mia.finder.fill("#DEN");
  await rooms.filter({ hasText: "open-air" }).waitFor({ state: "detached" });
  await rooms.filter({ hasText: "den" }).getByRole("button", { name: "Join" }).click();
  const join = mia.dialog("Join #den");
  await join.locator("#join-password").fill("s3cretive");
  await join.getByRole("button", { name: "Join", exact: true }).click();
  await mia.heading("#den").waitFor();
  await mia.startNew("Browse rooms");
  await rooms.filter({ hasText: "open-air" }).getByRole("button", { name: "Join" }).click();
  await mia.heading("#open-air").waitFor();

  await mia.startNew("Create room");
  const again = mia.dialog("Create room");
  await again.getByLabel("Name", { exact: true }).fill("Lobby");
  await again.getByRole("button", { name: "Create", exact: true }).click();
  await again.getByText("#lobby already exists.").waitFor();
  await again.getByRole("button", { name: "Open", exact: true }).click();
  await mia.heading("#lobby").waitFor();

  await mia.search("NEEDLE");
  await mia.results.getByText("the needle is here").waitFor();
  expect(await mia.results.locator("mark").allTextContents()).toEqual(["needle"]);
  for (const text of ["ana", "den"]) await mia.results.getByText(text, { exact: true }).waitFor();
  await mia.page.keyboard.press("Control+k");
});

pageTest("shows an invitation to a locked room until the user joins", async () => {
  const ora = await server.window("ora");
  const pat = await server.headlessUser("pat");
  await pat.tab.ask("join", { room: "vault", create: true, password: "open sesame" });
  await pat.tab.ask("invite-user", { room: "vault", user: "ora" });
  const banner = ora.invitation("pat invited you to #vault.");
  await banner.getByRole("button", { name: "Join" }).click();
  await ora.heading("#vault").waitFor();
  await ora.page.getByText("pat invited ora").waitFor();
  await banner.waitFor({ state: "detached" });
});

pageTest(
  "asks a moderator to confirm muting, promoting, demoting and removing a member",
  async () => {
    const ana = await server.window("ana");
    await ana.createRoom("lab");
    const ben = await server.headlessUser("ben");
    await ben.tab.ask("join", { room: "lab" });
    await ana.page.getByText("ben joined").waitFor();
    const act = async (entry: string, title: string, reason?: string) => {
      await ana.button("Actions for ben").click();
      await ana.menuItem(entry).click();
      const question = ana.dialog(title);
      if (reason !== undefined) await question.getByLabel("Reason").fill(reason);
      await question.getByRole("button", { name: entry, exact: true }).click();
      await question.waitFor({ state: "detached" });
    };
    await act("Mute", "Mute ben in #lab?");
    await ana.page.getByText("ana muted ben").waitFor();
    await ana.page.locator(".person").filter({ hasText: "ben" }).getByText("muted").waitFor();
    await ana.button("Actions for ben").click();
    expect(await ana.menuItem(/mute/i).allInnerTexts()).toEqual(["Unmute"]);
    await ana.page.keyboard.press("Escape");
    await act("Make moderator", "Make ben a moderator of #lab?");
    await ana.page.getByText("ana made ben a moderator").waitFor();
    await act("Remove as moderator", "Remove ben as moderator of #lab?");
    await act("Remove from room", "Remove ben from #lab?", "too loud");
    await ana.page.getByText("2 people joined, 1 was removed").waitFor();
    await ana.button("Show all").click();
    await ana.page.getByText(/ana removed ben: too loud/).waitFor();
    expect(await ana.page.locator(".toast").count()).toBe(0);
  },
);

pageTest("tells a member of a mute, a deletion, a removal and a ban", async () => {
  const olga = await server.headlessUser("mod");
  await olga.tab.ask("join", { room: "class", create: true });
  await using pia = await server.logIn("pia");
  const act = (kind: "mute" | "kick" | "ban", fields: object) =>
    olga.tab.ask(kind, { user: "pia", ...(kind === "ban" ? {} : { room: "class" }), ...fields });
  await pia.send("/join class");
  await pia.heading("#class").waitFor();
  await pia.send("silly");
  await pia.waitForMessage("silly");
  await pia.waitUntilSent();
  await pia.composer.fill("unfinished");
  const silly = pia.page.locator("article", { hasText: "silly" });
  const thumb = silly.getByRole("button", { name: "React with 👍" });
  await silly.hover();
  await thumb.waitFor();
  await act("mute", { on: true });
  await pia.page.getByText("You're muted in this room.", { exact: true }).waitFor();
  expect(await pia.composer.count()).toBe(0);
  await silly.hover();
  await silly.getByRole("button", { name: /^Actions for/ }).waitFor();
  expect(await thumb.count()).toBe(0);
  await act("mute", { on: false });
  await until("the draft is back", async () => (await pia.composer.inputValue()) === "unfinished");
  await pia.page.clock.install();
  await act("mute", { on: true, until: Date.now() + 600_000 });
  await pia.page.getByText(/^You're muted in this room until .*\d{4}.*\.$/).waitFor();
  await pia.page.clock.fastForward("10:01");
  await pia.composer.waitFor();
  await act("mute", { on: false });

  const { records } = await olga.tab.ask("history", { target: "class", limit: 10 });
  const heads = records.map(({ head }) => JSON.parse(new TextDecoder().decode(head)));
  await olga.tab.ask("erase", { seq: heads.find(({ kind }) => kind === "text").seq });
  await pia.page.getByText("Message deleted by mod", { exact: true }).waitFor();

  await act("kick", { reason: "too loud" });
  const notice = pia.page.locator(".banner").filter({ hasText: "mod removed you from #class." });
  await notice.getByText("Reason: too loud").waitFor();
  await notice.getByRole("button", { name: "Dismiss" }).click();
  await notice.waitFor({ state: "detached" });

  await olga.tab.ask("operate", { token: operatorToken(server.served) });
  await act("ban", { on: true, reason: "enough" });
  await pia.page.getByText("You are banned from this server: enough").waitFor();
});

pageTest("counts messages of others as unread; a setting hides joins and leaves", async () => {
  const { tab } = await server.headlessUser("noa");
  await tab.ask("join", { room: "attic", create: true });
  const ana = await server.window("ana");
  await ana.room("lobby").click();
  await ana.send("/join attic");
  const joined = ana.page.locator(".timeline").getByText(/joined/);
  await joined.first().waitFor();
  const cleo = await server.headlessUser("cleo");
  await cleo.post("a word");
  await cleo.tab.ask("topic", { room: "lobby", topic: "bugs" });
  await ana.room("lobby").getByText("1 unread").waitFor();
  await cleo.post("and one more");
  await ana.room("lobby").getByText("2 unread").waitFor();
  await ana.room("lobby").click();
  await ana.waitForMessage("and one more");
  await until("somebody has joined", async () => (await joined.count()) > 0);
  const quiet = (await ana.openSettings()).getByLabel("Hide join and leave notices");
  await quiet.click();
  await ana.page.keyboard.press("Escape");
  await until("joins are hidden", async () => (await joined.count()) === 0);
  await ana.reload();
  await ana.waitForMessage("and one more");
  expect(await joined.count()).toBe(0);
  await ana.openSettings();
  expect(await quiet.isChecked()).toBe(true);
  await quiet.click();
  await ana.page.keyboard.press("Escape");
  await until("joins are visible again", async () => (await joined.count()) > 0);
});

pageTest("lists a user who joins while a person is looked for", async () => {
  const ana = await server.window("ana");
  await ana.startNew("New message");
  await ana.finder.fill("yv");
  await ana.page.getByText("Nothing has “yv”").waitFor();
  await server.headlessUser("yves");
  await ana.results.getByText("yves").waitFor();
  await ana.page.keyboard.press("Control+k");
});

pageTest("shows the first direct message in its conversation alone", async () => {
  await server.headlessUser("zed");
  const ana = await server.window("ana");
  await ana.startNew("New message");
  await ana.finder.fill("ze");
  await ana.results.first().waitFor();
  expect(await ana.results.locator(".finder-title").allInnerTexts()).toEqual(["zed"]);
  await ana.finder.fill("geo");
  await ana.page.getByText("Nothing has “geo”").waitFor();
  await ana.finder.fill("zed");
  await ana.results.getByText("zed", { exact: true }).waitFor();
  await ana.finder.press("Enter");
  await ana.heading("@zed").waitFor();
  await ana.send("between the two of us");
  await ana.waitForMessage("between the two of us");
  await ana.waitUntilSent();
  expect(await ana.page.locator(".timeline").count()).toBe(1);
  await ana.room("lobby").click();
  await ana.heading("#lobby").waitFor();
  expect(await ana.page.locator(".timeline").count()).toBe(1);
  expect(await ana.message("between the two of us").count()).toBe(0);
});
