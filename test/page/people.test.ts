import { expect } from "bun:test";
import { TINTS, tintsOf } from "../../src/core/model/tint.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const NAMES = Array.from({ length: 8 }, (_, i) => `Bu_S${String.fromCharCode(97 + i)}`);

interface AvatarLook {
  readonly initials: string;
  readonly color: string;
  readonly left: number;
  readonly right: number;
}

/** Visible avatars below an element. */
function avatarsIn({ page }: Visit, selector: string): Promise<readonly AvatarLook[]> {
  return page.evaluate(`[...document.querySelectorAll("${selector} .avatar")].map((avatar) => {
    const { left, right } = avatar.getBoundingClientRect();
    const initials = getComputedStyle(avatar, "::before").content.replaceAll('"', "");
    return { initials, color: getComputedStyle(avatar).backgroundColor, left, right };
  })`);
}

function rgb(hex = ""): string {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return `rgb(${parts.join(", ")})`;
}

pageTest("tells people with the same initials apart by the colour of their avatars", async () => {
  const users = [];
  for (const name of NAMES) users.push(await server.headlessUser(name));
  const [first] = users;
  await first?.tab.ask("join", { room: "class", create: true });
  for (const user of users.slice(1)) await user.tab.ask("join", { room: "class" });
  for (const user of users) {
    await user.post(`I am here.`, "class");
    await user.post(`And I have a question.`, "class");
  }
  const ana = await server.window("ana");
  await ana.send("/join class");
  await ana.heading("#class").waitFor();
  const people = ".people-list";
  const count = async () => (await avatarsIn(ana, people)).length;
  await until("all people are listed", async () => (await count()) === NAMES.length + 1);
  const tints = tintsOf([...NAMES, "ana"]);
  const expected = NAMES.map((name) =>
    rgb(TINTS[tints.get(name.toLowerCase()) ?? -1]?.[1].split("|")[0]),
  );
  expect(new Set(expected).size).toBe(NAMES.length);
  // One avatar for both messages of each author.
  const messages = await avatarsIn(ana, ".list");
  expect(messages.map(({ initials }) => initials)).toEqual(NAMES.map(() => "BS"));
  expect(messages.map(({ color }) => color)).toEqual(expected);
  const listed = await avatarsIn(ana, people);
  expect(new Set(listed.map(({ color }) => color)).size).toBe(NAMES.length + 1);

  await ana.composer.fill("@Bu_Sc");
  const options = ana.page.locator(".option");
  await until("one name is suggested", async () => (await options.count()) === 1);
  expect((await avatarsIn(ana, ".suggestions")).map(({ color }) => color)).toEqual([
    expected[2] ?? "",
  ]);
  await ana.composer.fill("");

  // A screen reader, a copy and a search see the name once.
  const texts = await ana.page.locator(".list article, .people-list li").allTextContents();
  expect(texts.filter((text) => /^BS/.test(text))).toEqual([]);
  expect(await ana.accessibilityViolations()).toEqual([]);
});

pageTest(
  "shows avatars of direct conversations, on narrow pages and from right to left",
  async () => {
    const ben = await server.headlessUser("ben");
    const ana = await server.window("ana");
    await ben.post("between us", "@ana");
    await ana.room("@ben").click();
    await ana.waitForMessage("between us");
    await until("the avatar is visible", async () => (await avatarsIn(ana, ".list")).length === 1);
    const [inList] = await avatarsIn(ana, ".room-line[data-target='@ben']");
    const [inMessage] = await avatarsIn(ana, ".list");
    expect(inList).toMatchObject({ initials: "B", color: inMessage?.color });

    for (const width of [360, 320, 160]) {
      await ana.page.setViewportSize({ width, height: 640 });
      await until("nothing overflows", async () => (await ana.overflow()) === 0);
      const [avatar] = await avatarsIn(ana, ".list");
      const text = await ana.page.locator(".list article .words").first().boundingBox();
      expect(avatar?.left).toBeGreaterThanOrEqual(0);
      expect(text?.width).toBeGreaterThan(width * 0.75 - 30);
    }
    await ana.page.setViewportSize({ width: 1280, height: 800 });
    await ana.page.evaluate("document.documentElement.dir = 'rtl'");
    await until("the avatar stands at the right", async () => {
      const [avatar] = await avatarsIn(ana, ".list");
      const text = await ana.page.locator(".list article .words").first().boundingBox();
      return text !== null && (avatar?.left ?? 0) > text.x + text.width;
    });
    await ana.page.evaluate("document.documentElement.dir = ''");
  },
);

pageTest("marks operators, moderators and muted members wherever a name stands", async () => {
  const mod = await server.headlessUser("Moritz");
  const pia = await server.headlessUser("pia");
  await mod.tab.ask("join", { room: "marks", create: true });
  await pia.tab.ask("join", { room: "marks" });
  await pia.post("silly words", "marks");
  await mod.post("please stop", "marks");
  await mod.tab.ask("mute", { room: "marks", user: "pia", on: true });
  const olga = await server.operator();
  await olga.send("/join marks");
  await olga.heading("#marks").waitFor();
  await olga.send("I run this server");
  const ana = await server.window("ana");
  await ana.send("/join marks");
  await ana.heading("#marks").waitFor();
  const authors = [
    ["silly words", "muted"],
    ["please stop", "moderator"],
    ["I run this server", "operator"],
  ] as const;
  for (const [text, mark] of authors) {
    await ana.message(text).locator(".role").getByText(mark, { exact: true }).waitFor();
  }
  const listed = (name: string) => ana.page.locator(".people-list li").filter({ hasText: name });
  await listed("olga").getByText("operator").waitFor();
  await listed("pia").getByText("muted").waitFor();
  await ana.composer.fill("@mor");
  await ana.page.locator(".option").getByText("moderator").waitFor();
  await ana.composer.fill("");
  await mod.tab.ask("mute", { room: "marks", user: "pia", on: false });
  await ana.message("silly words").locator(".role").waitFor({ state: "detached" });
});

pageTest("opens a person's card from a message by click and by keyboard", async () => {
  const mod = await server.headlessUser("Nadia");
  const kim = await server.headlessUser("kim");
  await mod.tab.ask("join", { room: "cards", create: true });
  await kim.tab.ask("join", { room: "cards" });
  await kim.post("open my card", "cards");
  const ana = await server.window("ana");
  await ana.send("/join cards");
  await ana.heading("#cards").waitFor();
  const card = ana.dialog(/^kim$/);
  await ana.message("open my card").locator(".avatar").click();
  await card.getByText("online").waitFor();
  await card.getByRole("button", { name: "#cards" }).waitFor();
  await card.getByText(/^Registered: /).waitFor();
  expect(await card.getByRole("button", { name: "Moderate" }).count()).toBe(0);
  expect(await ana.accessibilityViolations()).toEqual([]);
  await card.getByRole("button", { name: "Verify" }).click();
  await ana.dialog("Verify kim").waitFor();
  expect(await card.count()).toBe(0);
  await ana.page.keyboard.press("Escape");
  await ana.dialog("Verify kim").waitFor({ state: "detached" });

  await mod.tab.ask("grant", { room: "cards", user: "ana", on: true });
  await ana.page.getByText("made ana a moderator").waitFor();
  await ana.message("open my card").focus();
  await ana.page.keyboard.press("Enter");
  await ana.menuItem("Profile of kim").focus();
  await ana.page.keyboard.press("Enter");
  await card.getByRole("button", { name: "Moderate" }).click();
  await ana.menuItem("Remove from room").click();
  await ana.dialog("Remove kim from #cards?").getByRole("button", { name: "Cancel" }).click();
  await ana.page.locator(".people-list").getByRole("button", { name: "kim", exact: true }).click();
  await card.getByRole("button", { name: "Message kim" }).click();
  await ana.heading("@kim").waitFor();
  expect(await card.count()).toBe(0);
});
