import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { sha256, sha256Of } from "../e2e/couriers.ts";
import { until } from "../e2e/deadline.ts";
import { type Home, type Program, Sandbox, type Served } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress, photo } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** Somebody with a phone, somebody with a terminal, and whoever runs the server. */

const browser = sharedBrowser();
/** So long a list that was told to scroll may go on. */
const STILL_FRAMES = 12;
/** More than the log shows at once. */
const LINES = 60;
const PHONE = { width: 390, height: 844, isPhone: true };

/** A photo from the phone is the same in the terminal's folder. */
async function photoFromPhone(
  sandbox: Sandbox,
  pia: Visit,
  terminal: Program,
  tom: Home,
): Promise<void> {
  writeFileSync(sandbox.path("from-phone.png"), photo(640, 480));
  await pia.attach(sandbox.path("from-phone.png"));
  const told = await terminal.json("file", { from: "pia", name: "from-phone.png" });
  const inbox = sandbox.path("inbox");
  await tom.json(["get-file", String(told["id"]), "--out", inbox]);
  expect(await sha256Of(join(inbox, "from-phone.png"))).toBe(
    sha256(sandbox.path("from-phone.png")),
  );
}

/** One from the terminal is seen on the phone, and looked at closely. */
async function photoFromTerminal(sandbox: Sandbox, pia: Visit, tom: Home): Promise<void> {
  writeFileSync(sandbox.path("from-terminal.png"), photo(1600, 1200));
  await tom.json(["send-file", sandbox.path("from-terminal.png"), "--to", "lobby"]);
  const card = pia.file("from-terminal.png");
  await card.getByRole("img").waitFor();
  await card.getByRole("button", { name: "Enlarge from-terminal.png" }).tap();
  await pia.dialog("from-terminal.png").getByRole("img").waitFor();
  const image = "document.querySelector('dialog img')";
  const width = `${image}.decode().then(() => ${image}.naturalWidth)`;
  expect(await pia.page.evaluate<number>(width)).toBe(1600);
  await pia.keepPicture("phone-photo");
  await pia.dialog("from-terminal.png").getByRole("button", { name: "Close" }).tap();
}

/** Out of the room, from the list of clients. */
async function kicks(olga: Visit, name: string): Promise<void> {
  await olga.page.getByRole("tab", { name: "Clients" }).click();
  const row = olga.page.getByRole("row").filter({ hasText: name });
  await row.getByRole("button", { name: `Actions for ${name}` }).click();
  await olga.entry("Kick out of the room").click();
  const question = olga.dialog(`Kick ${name} out of lobby?`);
  await question.getByRole("button", { name: "Kick out of the room" }).click();
  await question.waitFor({ state: "detached" });
}

pageTest(
  "a phone and a terminal chat and exchange photos; the operator kicks a third",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using olga = await browser.visit(String(served.listening["operatorLink"]));
    await olga.enter("olga");
    await olga.button("Server window").click();
    const log = olga.page.getByRole("region", { name: "Live log" });
    await log.waitFor();
    const env = { CHAT_INVITE: served.invite, CHAT_PASSWORD: "xxxxxxxx" };
    const tom = sandbox.home("tom").with({ ...env, CHAT_USER: "tom" });
    const terminal = await tom.join([]);
    const eve = await sandbox
      .home("eve")
      .with({ ...env, CHAT_USER: "eve" })
      .join([]);
    await using pia = await browser.visit(pageAddress(served), PHONE);
    await pia.keepPicture("phone-entering");
    await pia.enter("pia");
    terminal.type("hello from the terminal");
    await pia.sees("hello from the terminal");
    await pia.box.fill("hello from the phone");
    await pia.button("Send").tap();
    await terminal.json("text", { from: "pia", text: "hello from the phone" });
    await photoFromPhone(sandbox, pia, terminal, tom);
    await photoFromTerminal(sandbox, pia, tom);
    eve.type("buy my watches");
    await pia.sees("buy my watches");
    await pia.keepPicture("phone-room");
    expect(await overflow(pia)).toBe(0);

    for (const seen of ["hello from the terminal", "hello from the phone", "buy my watches"]) {
      await log.getByText(seen).waitFor();
    }
    for (const name of ["from-phone.png", "from-terminal.png"]) {
      await log.getByText(name).first().waitFor();
    }
    await olga.keepPicture("operator-log");
    await kicks(olga, "eve");
    await olga.keepPicture("operator-clients");
    await eve.json("leave", { from: "eve", by: "olga" });
    await terminal.json("leave", { from: "eve", by: "olga" });
    await pia.page.getByText("olga kicked eve").waitFor();
    eve.type("am I still here?");
    terminal.type("peace at last");
    await pia.sees("peace at last");
    expect(await pia.message("am I still here?").count()).toBe(0);
    await walkOnPhone(pia);
  },
);

/** Every place of the page, where it is narrow: nothing has to be scrolled sideways. */
async function walkOnPhone(pia: Visit): Promise<void> {
  const rooms = pia.page.locator(".has-drawer");
  const toRooms = async () => {
    await pia.button(/^Open the list of rooms/).tap();
    await rooms.waitFor();
  };
  const look = async (name: string, place: Locator) => {
    await place.waitFor();
    await pia.keepPicture(name);
    expect([name, await overflow(pia), await cutOff(pia)]).toEqual([name, 0, []]);
    await pia.page.keyboard.press("Escape");
    await place.waitFor({ state: "detached" });
  };
  await toRooms();
  await look("phone-rooms", rooms);
  for (const [name, label] of [
    ["phone-account", /Account and settings/],
    ["phone-invite", "Invite somebody"],
  ] as const) {
    await toRooms();
    await pia.button(label).tap();
    await look(name, pia.dialog(label));
    await pia.page.keyboard.press("Escape");
    await rooms.waitFor({ state: "detached" });
  }
  await pia.button("Show people").tap();
  await look("phone-people", pia.page.getByRole("complementary", { name: "People" }));
  await pia.button("Search").tap();
  await look("phone-search", pia.page.getByRole("complementary", { name: "Search" }));
}

/** Buttons that stand beyond the edge, where no finger reaches them. */
function cutOff({ page }: Visit): Promise<readonly string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll("button, input, textarea, a")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .filter((element) => !element.matches(".sr-only, .skip, .shade") &&
      element.closest("[inert], .sr-only") === null)
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, { left, right, width }]) => width > 0 && (left < -1 || right > innerWidth + 1))
    .map(([element]) => element.outerHTML.slice(0, 120))`);
}

pageTest("the operator watches what passes, and kicks a third", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using olga = await browser.visit(String(served.listening["operatorLink"]));
  await olga.enter("olga");
  await olga.button("Server window").click();
  await olga.page.getByRole("tab", { name: "Live log", selected: true }).waitFor();
  await using ben = await browser.visit(pageAddress(served), PHONE);
  await ben.enter("ben");
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "xxxxxxxx" };
  const terminal = await sandbox.home("tom").with(env).join([]);
  await ben.says("what everybody reads");
  terminal.type("/msg ben what two people know");
  await ben.button("Open the list of rooms, 1 unread").tap();
  await ben.room("@tom").tap();
  await ben.sees("what two people know");
  await ben.button(/^Open the list of rooms/).tap();
  await ben.room("lobby").tap();
  const log = olga.page.getByRole("region", { name: "Live log" });
  await log.getByText("what everybody reads").waitFor();
  await log.getByText("a direct message").waitFor();
  expect(await log.getByText("what two people know").count()).toBe(0);

  await olga.page.getByRole("tab", { name: "Clients" }).click();
  const table = olga.page.getByRole("table", { name: "Clients" });
  const row = table.getByRole("row").filter({ hasText: "tom" });
  await row.getByText("127.0.0.1:").waitFor();
  await table.getByRole("row").filter({ hasText: "ben" }).getByText("127.0.0.1:").waitFor();
  await row.getByRole("button", { name: "Actions for tom" }).click();
  await olga.entry("Kick out of the room").click();
  const question = olga.dialog("Kick tom out of lobby?");
  await question.getByRole("button", { name: "Kick out of the room" }).click();
  await question.waitFor({ state: "detached" });
  await ben.page.getByText("olga kicked tom").waitFor();
  await terminal.json("leave", { from: "tom", by: "olga" });
  terminal.type("am I still here?");
  await ben.says("he is gone");
  await ben.sees("he is gone");
  expect(await ben.message("am I still here?").count()).toBe(0);

  await row.getByRole("button", { name: "Actions for tom" }).click();
  await olga.entry("Ban the name").click();
  const ban = olga.dialog("Ban tom from the server?");
  await ban.getByRole("button", { name: "Ban" }).click();
  await ban.waitFor({ state: "detached" });
  expect((await terminal.ended()).exitCode).not.toBe(0);
  await olga.page.getByRole("tab", { name: "Bans" }).click();
  await olga.page.getByRole("table", { name: "Bans" }).getByText("tom").waitFor();
  await lift(olga, served);
});

pageTest("whoever is kicked is told by whom; the live log goes on where it is", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using olga = await browser.visit(String(served.listening["operatorLink"]));
  await olga.enter("olga");
  await olga.button("Server window").click();
  await olga.page.getByText("logged in").first().waitFor();
  const ben = await Talker.open(served, "ben");
  await using mia = await browser.visit(pageAddress(served), PHONE);
  await mia.enter("mia");
  await ben.fills(LINES, (n) => `line ${n}.`);
  const log = olga.page.getByRole("region", { name: "Live log" });
  await log.getByText(`line ${LINES - 1}.`).waitFor();
  await kicks(olga, "mia");
  await mia.page.getByText("olga put you out of lobby.").waitFor();
  await mia.page.getByRole("main").getByRole("button", { name: "Browse rooms" }).tap();
  await mia.dialog("Browse rooms").getByText("#lobby").waitFor();
  // Looked at again, it shows the newest.
  await olga.page.getByRole("tab", { name: "Live log" }).click();
  await log.getByText("olga · #lobby · mia").waitFor();
  // Whoever reads above is left there.
  const list = log.locator(".list");
  const first = log.getByText("line 0.");
  const height = () => list.evaluate((element) => element.scrollHeight);
  const staysAbove = () =>
    olga.page.evaluate<boolean>(`new Promise((resolve) => {
      const list = document.querySelector(".log");
      list.scrollTo(0, 0);
      let frames = 0;
      const next = () =>
        ++frames < ${STILL_FRAMES} ? requestAnimationFrame(next) : resolve(list.scrollTop === 0);
      next();
    })`);
  await until("the log, which was on its way to the newest, is left above", staysAbove);
  const before = await height();
  await ben.says("after that");
  await until("the log tells of it", async () => (await height()) > before);
  expect(await first.isVisible()).toBe(true);
  ben.tab.close();
});

pageTest("the tables go on in a window that is seen and has not the focus", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const before = "document.hasFocus = () => false;";
  await using olga = await browser.visit(String(served.listening["operatorLink"]), { before });
  await olga.enter("olga");
  await olga.button("Server window").click();
  await olga.page.getByRole("tab", { name: "Clients" }).click();
  const table = olga.page.getByRole("table", { name: "Clients" });
  await table.getByRole("row").filter({ hasText: "olga" }).waitFor();
  const ben = await Talker.open(served, "ben");
  await table.getByRole("row").filter({ hasText: "ben" }).waitFor();
  ben.tab.close();
  await table.getByRole("row").filter({ hasText: "ben" }).waitFor({ state: "detached" });
});

async function lift(olga: Visit, served: Served): Promise<void> {
  await olga.button("Lift").click();
  await olga.dialog("Lift the ban of tom?").getByRole("button", { name: "Lift" }).click();
  await olga.page.getByRole("tabpanel").getByText("None.").waitFor();
  await olga.page.getByRole("tab", { name: "Server", exact: true }).click();
  await olga.page.getByRole("tabpanel").getByText("Disk free").first().waitFor();
  await olga.button("Close registration").click();
  await olga.page.getByText("Only invites let newcomers register.").waitFor();
  await using late = await browser.visit(String(served.listening["web"]));
  await late.fillEntry("late", { roomPassword: "whatever" });
  await late.page.locator(".fault-line:not(:empty)").waitFor();
}

/** Pixels that one would have to scroll sideways. */
function overflow(visit: Visit): Promise<number> {
  const root = "document.documentElement";
  return visit.page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`);
}
