import { expect } from "bun:test";
import { serverTag } from "../../src/web/input/route.ts";
import { Relay } from "../e2e/relay.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();

pageTest("folds the names of many joins, and shows them on request", async () => {
  const ana = await server.window("ana");
  for (let i = 1; i <= 6; i++) await server.headlessUser(`pupil${i}`);
  const line = ana.page.locator(".said", { hasText: "others joined" });
  await line.filter({ hasText: "ana, pupil1 and 5 others joined" }).waitFor();
  expect(await line.textContent()).not.toContain("pupil6");
  const all = line.getByRole("button", { name: "Show all" });
  await all.focus();
  await all.press("Enter");
  const open = ana.page.locator(".said", { hasText: "pupil6 joined" });
  await open.getByRole("button", { name: "Show less", expanded: true }).click();
  await line.waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
});

pageTest("says at the beginning of a room what it is, and offers the first actions", async () => {
  const ana = await server.window("ana");
  const { page } = ana;
  await ana.createRoom("math");
  await page.getByRole("heading", { name: "This is the beginning of #math" }).waitFor();
  const beginning = page.locator(".beginning");
  expect(await beginning.textContent()).toMatch(/Created by ana on \d+ \w+ \d{4}\./);
  await ana.button("Invite people to #math").click();
  const dialog = ana.dialog("Invite people to #math");
  await dialog.getByLabel("Name").fill("pupil");
  await dialog.getByLabel("pupil1").check();
  await dialog.getByLabel("pupil2").check();
  await dialog.getByRole("button", { name: "Invite (2)" }).click();
  await page.locator(".said", { hasText: /ana invited pupil1,? and pupil2/ }).waitFor();
  await ana.button("Add a topic").click();
  await ana.field("Topic").fill("Fractions");
  await ana.button("Save").click();
  await beginning.getByText("Fractions").waitFor();
  expect(await ana.button("Add a topic").count()).toBe(0);
  expect(await ana.accessibilityViolations()).toEqual([]);
});

pageTest(
  "says in a new conversation with whom it is, and whether that user is online",
  async () => {
    const ana = await server.window("ana");
    const { page } = ana;
    const cleo = await server.headlessUser("cleo");
    await page.evaluate("location.hash = '#/@cleo'");
    await page.getByRole("heading", { name: "your conversation with cleo" }).waitFor();
    await page.getByText("cleo is online.").waitFor();
    expect(await page.locator(".beginning .avatar").getAttribute("data-initials")).toBe("C");
    cleo.tab.close();
    await page.getByText("cleo is offline. Your messages arrive when cleo returns.").waitFor();
    expect(await ana.accessibilityViolations()).toEqual([]);
  },
);

pageTest("welcomes a new user until that user joins a room", async () => {
  const writer = await server.headlessUser("writer");
  await writer.postMany(60, (n) => `message ${n}`);
  await using dina = await server.logIn("dina");
  const welcome = dina.page.getByRole("heading", { name: /^Welcome, dina/ });
  await welcome.waitFor();
  await dina.button("See all rooms").click();
  await dina.results.filter({ hasText: "math" }).getByRole("button", { name: "Join" }).click();
  await dina.heading("#math").waitFor();
  await dina.room("lobby").click();
  await dina.waitForMessage("message 59");
  await welcome.waitFor({ state: "detached" });
});

pageTest("shows the author of a long run of messages whose first one is out of view", async () => {
  const ana = await server.window("ana");
  await ana.room("lobby").click();
  // More would be so long that the first one is not drawn.
  await (await server.headlessUser("runner")).postMany(32, (n) => `step ${n}`);
  await ana.page.locator(".list").press("End");
  await ana.waitForMessage("step 31");
  const author = ana.page.locator(".author-above");
  await author.getByText("runner", { exact: true }).waitFor();
  const scrollTo = (px: number) =>
    ana.page.evaluate(`{
      const list = document.querySelector(".list");
      const first = [...document.querySelectorAll("article.message")]
        .find((article) => /step 0$/.test(article.textContent));
      if (first === undefined) list.scrollTop = 0;
      else list.scrollTop +=
        first.getBoundingClientRect().top - list.getBoundingClientRect().top + ${px};
    }`);
  const isNamed = async (px: number) => {
    await scrollTo(px);
    return (await author.count()) > 0;
  };
  await until("a name in view is not repeated", async () => !(await isNamed(8)));
  await until("a name out of view is repeated", () => isNamed(40));
  await ana.page.locator(".list").press("Home");
  await until("the first row needs no author", async () => (await author.count()) === 0);
});

pageTest("scrolls to the first row although those before it are not drawn yet", async () => {
  const ana = await server.window("ana");
  await ana.room("lobby").click();
  await ana.page.locator(".list").press("End");
  // At 60 px, the list begins to draw from the second or third row.
  await ana.page.evaluate(`new Promise((resolve) => {
    const list = document.querySelector(".list");
    list.addEventListener("scroll", () => resolve(list.scrollTo(0, 0)), { once: true });
    list.scrollTo(0, 60);
  })`);
  await until("the beginning is whole", () =>
    ana.page.evaluate<boolean>(`(() => {
      const [list, first] = [".list", ".beginning"].map((name) => document.querySelector(name));
      if (first === null || list.scrollTop > 0) return false;
      return first.getBoundingClientRect().top >= list.getBoundingClientRect().top;
    })()`),
  );
});

pageTest("shows the author and beginning of a linked message, at any address", async () => {
  const ana = await server.window("ana");
  const gil = await server.headlessUser("gil");
  await gil.tab.ask("join", { room: "annex", create: true });
  await gil.post("The **exam** is on Friday", "annex");
  await ana.send("/join annex");
  const exam = ana.message("The exam is on Friday").first();
  const seq = await exam.getAttribute("data-seq");
  const tag = serverTag(String(server.served.listening["fingerprint"]));
  await ana.room("math").click();
  await ana.heading("#math").waitFor();
  await ana.send(`see https://192.0.2.7:1/#/annex/${seq}/${tag}`);
  const quote = ana.message("see message in #annex").locator("a.quote");
  await quote.filter({ hasText: /^gil · #annex · .* The exam is on Friday$/ }).waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await quote.click();
  await ana.heading("#annex").waitFor();
  await exam.waitFor();
});

pageTest("lists people by role and presence, with counts and search", async () => {
  const ana = await server.window("ana");
  const { page } = ana;
  const others = Array.from({ length: 8 }, (_, i) => server.headlessUser(`guest${i}`));
  await Promise.all(others);
  await ana.room("lobby").click();
  const people = page.getByRole("complementary", { name: "People" });
  const offline = people.getByRole("region", { name: "Away" });
  await offline.getByText("cleo").waitFor();
  await people.getByLabel("Find a person").fill("PUPIL3");
  expect(await people.locator(".person").count()).toBe(1);
  await people.getByLabel("Find a person").fill("nobody");
  await people.getByText("No matches").waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await people.getByLabel("Find a person").fill("");
  const olga = await server.operator();
  await olga.send("/grant pupil1");
  const leads = people.getByRole("region", { name: "Moderators" });
  await leads.getByText("pupil1").waitFor();
});

pageTest("offers files, details and invitations in a room's menu", async () => {
  const ana = await server.window("ana");
  const { page } = ana;
  await ana.room("math").click();
  expect(await ana.button("Show people").getAttribute("title")).toMatch(/^\d+ pe\w+, \d+ here$/);
  const panel = page.getByRole("tablist", { name: "About this room" });
  await panel.getByRole("tab", { name: "Files" }).click();
  await page.getByText("Nobody has sent a file yet.").first().waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await panel.getByRole("tab", { name: "People" }).click();
  await ana.button("Activity").click();
  await ana.heading("Activity").waitFor();
  await page.getByRole("complementary", { name: "Saved messages" }).waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await page.keyboard.press("Escape");
  await ana.heading("#math").waitFor();
  await ana.button("Actions for math").click();
  await ana.menuItem("Room details").click();
  const details = ana.dialog("Room details");
  await details.getByText("Anyone on this server can join.").waitFor();
  await details.getByText("Fractions").waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await page.keyboard.press("Escape");
  await ana.button("Actions for math").click();
  await ana.menuItem("Files of this room").click();
  const chips = page.getByRole("group", { name: "Show only" });
  await chips.getByRole("button", { name: /^Files/, pressed: true }).waitFor();
  await ana.button("In math, remove the filter").waitFor();
  await page.keyboard.press("Control+k");
  await ana.finder.waitFor({ state: "detached" });
  await ana.button("Actions for math").click();
  await ana.menuItem("Invite people…").click();
  await ana.dialog("Invite people to #math").waitFor();
  await page.keyboard.press("Escape");
});

pageTest("lists in Activity what calls a person between many messages of an absence", async () => {
  const dewi = await server.window("dewi");
  const { page } = dewi;
  const address = page.url();
  await page.goto("about:blank");
  const eko = await server.headlessUser("eko");
  await eko.post("@dewi can you sing on Friday?");
  await eko.postMany(120, (n) => `line ${n}`);
  await page.goto(address);
  await dewi.message("can you sing").waitFor();
  await page.locator(".list").press("End");
  await dewi.message("line 119").waitFor();
  await page.getByRole("button", { name: /^Activity/ }).click();
  await dewi.heading("Activity").waitFor();
  await page.getByText("can you sing on Friday?").click();
  await dewi.message("can you sing on Friday?").waitFor();
});

interface OpenedAt {
  /** Place of the line of new messages, from 0 at the top of the list to 1 at its end. */
  readonly line: number;
  readonly firstBelow: string;
  readonly above: number;
}

const OPENED_AT = `(() => {
  const list = document.querySelector(".timeline .list").getBoundingClientRect();
  const line = document.querySelector("[data-unread]").getBoundingClientRect();
  const rows = [...document.querySelectorAll(".timeline article[data-seq]")];
  const topOf = (row) => row.getBoundingClientRect().top;
  return {
    line: (line.top - list.top) / list.height,
    firstBelow: rows.find((row) => topOf(row) >= line.top).textContent,
    above: rows.filter((row) => topOf(row) > list.top && topOf(row) < line.top).length,
  };
})()`;

/** Measured after some frames, in which a change of the model is drawn. */
const TOP_OF_30 = `new Promise((resolve) => {
  let frames = 5;
  const next = () => {
    if (--frames > 0) return requestAnimationFrame(next);
    const rows = [...document.querySelectorAll(".timeline article[data-seq]")];
    const row = rows.find(({ textContent }) => textContent.includes("new 30."));
    resolve(row?.getBoundingClientRect().top ?? 0);
  };
  next();
})`;

for (const width of [390, 1440]) {
  pageTest(`opens a room at the first of 200 new messages, ${width} pixels wide`, async () => {
    const room = `busy${width}`;
    const writer = await server.headlessUser(`writer${width}`);
    await writer.tab.ask("join", { room, create: true });
    await writer.postMany(30, (n) => `old ${n}.`, room);
    await using reader = await server.logIn(`reader${width}`);
    const { page } = reader;
    await reader.send(`/join ${room}`);
    await reader.heading(`#${room}`).waitFor();
    await page.setViewportSize({ width, height: 800 });
    const address = page.url();
    await page.goto("about:blank");
    await writer.postMany(200, (n) => `new ${n}.`, room);
    await page.goto(address);
    await reader.message("new 0.").waitFor();
    const { line, firstBelow, above } = await page.evaluate<OpenedAt>(OPENED_AT);
    expect(line).toBeGreaterThan(0.1);
    expect(line).toBeLessThan(0.34);
    expect(firstBelow).toContain("new 0.");
    expect(above).toBeGreaterThan(0);
    // Neither a message nor another window moves the reader back to the line.
    await page.evaluate(`document.querySelector(".timeline .list").scrollBy(0, 400)`);
    const before = await page.evaluate<number>(TOP_OF_30);
    expect(before).toBeGreaterThan(0);
    await writer.post("later.", room);
    await page.evaluate(`dispatchEvent(new Event("blur"))`);
    await page.evaluate(`dispatchEvent(new Event("focus"))`);
    expect(await page.evaluate<number>(TOP_OF_30)).toBeCloseTo(before, 0);
    await page.locator(".list").press("End");
    await reader.waitForMessage("new 199.");
    // What was skipped stays unread.
    await page.goto("about:blank");
    await page.goto(address);
    await reader.message("new 40.").or(reader.message("new 20.")).first().waitFor();
  });
}

pageTest("opens administration on an overview, and renames accounts and rooms", async () => {
  const olga = await server.operator();
  const { page } = olga;
  await olga.button("Server administration").click();
  await page.getByRole("tab", { name: "People", selected: true }).waitFor();
  await page.getByRole("table", { name: "Accounts" }).waitFor();
  await page.getByRole("tab", { name: "Health" }).click();
  await page.getByText("All is well. Clock and disk are fine.").waitFor();
  await page.getByRole("tab", { name: "People" }).click();
  await olga.room("lobby").waitFor();
  const rename = async (tab: string, from: string, to: string) => {
    await page.getByRole("tab", { name: tab }).click();
    await olga.button(`Actions for ${from}`).click();
    await olga.menuItem("Rename…").click();
    await olga.field("New name").fill(to);
    await olga.button("Rename").click();
    await olga.button(`Actions for ${from.startsWith("#") ? "#" : ""}${to}`).waitFor();
  };
  await rename("People", "pupil6", "Petra");
  await rename("Rooms", "#annex", "archive");
  const plan = server.sandbox.write("plan.txt", "Day 1: arrive");
  await server.home("tom").json(["send-file", plan, "--to", "lobby"]);
  await page.getByRole("tab", { name: "Files" }).click();
  await olga.button("Open plan.txt").click();
  await olga.dialog("plan.txt").getByText("Day 1: arrive").waitFor();
  await page.keyboard.press("Escape");
  await olga.button("Back to chat").click();
});

pageTest("shows notices over the conversation without moving it", async () => {
  const ana = await server.window("ana");
  await ana.room("math").click();
  await ana.send("stays where it is");
  await ana.waitUntilSent();
  const message = ana.message("stays where it is").first();
  const place = async () => JSON.stringify(await message.boundingBox());
  await ana.button("Jump to latest").waitFor({ state: "detached" });
  const before = await place();
  await ana.chooseFromMenu("stays where it is", "Save for later");
  await ana.page.locator(".conversation .toast", { hasText: "Saved for later" }).waitFor();
  expect(await place()).toBe(before);
  await ana.send("/hand");
  const strip = ana.page.locator(".lesson");
  await strip.waitFor();
  const text = "The library closes at four, because the heating is repaired this afternoon. ";
  const announce = ["admin", "announce", text.repeat(3), "--data", server.served.data];
  await server.sandbox.home("admin").json(announce);
  const banner = ana.page.locator(".banner", { hasText: "The library closes" });
  await banner.waitFor();
  const edges = `[".banner", ".side-right"].map((name) => {
    const { left, right } = document.querySelector(name).getBoundingClientRect();
    return name === ".banner" ? right : left;
  })`;
  const [right = 0, left = 0] = await ana.page.evaluate<number[]>(edges);
  expect(right).toBeLessThanOrEqual(left);
  const [above, below] = [await strip.boundingBox(), await banner.boundingBox()];
  expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThanOrEqual(below?.y ?? 0);
  await ana.send("/hand");
  await banner.getByRole("button", { name: "Dismiss" }).click();
});

pageTest("shows settings in sections, each of which can be chosen", async () => {
  const ana = await server.window("ana");
  const settings = await ana.openSettings();
  const names = ["Account", "Devices", "Notifications", "Look", "Keyboard", "Privacy"];
  expect(await settings.getByRole("heading", { level: 3 }).allTextContents()).toEqual(names);
  await settings.getByRole("button", { name: "Privacy", exact: true }).click();
  await settings.getByRole("button", { name: "Ignored people" }).waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.page.keyboard.press("Escape");
});

pageTest("picks emoji by category and with a skin tone, which lasts", async () => {
  const ana = await server.window("ana");
  await ana.room("lobby").click();
  const pick = async (name: string) => {
    await ana.button("Emoji").click();
    const picker = ana.dialog("Emoji");
    await picker.getByRole("button", { name: "Flags", exact: true }).click();
    await picker.getByRole("heading", { name: "Flags" }).waitFor();
    if (name === "thumbs up") {
      await picker.getByLabel("Skin tone").selectOption("🏽");
      expect(await ana.accessibilityViolations()).toEqual([]);
    }
    await picker.getByLabel("Search emoji").fill(name);
    await picker.getByRole("heading", { name: "Flags" }).waitFor({ state: "detached" });
    await picker.getByRole("button", { name, exact: true }).click();
  };
  await pick("thumbs up");
  await pick("waving hand");
  expect(await ana.composer.inputValue()).toBe("👍🏽👋🏽");
  await ana.composer.press("Control+Enter");
  await ana.waitForMessage("👍🏽👋🏽");
});

pageTest("shows a lost connection without moving the page", async () => {
  await using relay = await Relay.open(server.served.port);
  await using finn = await server.logIn("finn", { via: relay, width: 360, height: 640 });
  const place = async () => JSON.stringify(await finn.page.locator(".timeline").boundingBox());
  const before = await place();
  relay.cut();
  await finn.page.getByText(/^Can't reach the server/).waitFor();
  expect(await place()).toBe(before);
  // Text and button are beside each other.
  expect((await finn.page.locator(".banner-warning").boundingBox())?.height).toBeLessThan(64);
  expect(await finn.accessibilityViolations()).toEqual([]);
  relay.mend();
  await finn.waitUntilConnected();
});
