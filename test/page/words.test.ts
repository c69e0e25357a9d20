import { expect } from "bun:test";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { still } from "./still.ts";

/** What messages say: marks as what they mean, code, names, rooms. */

const browser = sharedBrowser();

const MARKED = [
  "**bold**, *italic*, ~~gone~~ and `a*b*c` in www.example.org, not 2*3*4",
  "```py",
  "if x:",
  `\treturn "${"long ".repeat(60)}"`,
  "```",
  "> what was said",
  "> - and **what** not",
  "1. first",
  "   - inside",
  "2. second, in #lobby, by @ben",
].join("\n");

pageTest("a message shows its marks as what they mean, and is copied as it was typed", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ben = await sandbox.home("ben").with({ CHAT_INVITE: served.invite, CHAT_USER: "ben" });
  await ben.join([]);
  await using ana = await browser.visit(pageAddress(served), { width: 390, height: 844 });
  await ana.enter("ana");
  await ana.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = () => ana.page.evaluate<string>("navigator.clipboard.readText()");
  await ana.says(MARKED);
  await ana.settled();
  const message = ana.message("and a*b*c in");
  const textOf = (selector: string) => message.locator(selector).allInnerTexts();
  expect(await textOf(".words > p :is(strong, em, s, code)")).toEqual([
    "bold",
    "italic",
    "gone",
    "a*b*c",
  ]);
  expect(await textOf("blockquote li")).toEqual(["and what not"]);
  expect(await message.locator("a").first().getAttribute("href")).toBe("https://www.example.org/");
  // The code scrolls within itself, and nothing else does.
  const pre = message.locator("pre");
  const width = (of: string) => pre.evaluate<number, string>((e, of) => Reflect.get(e, of), of);
  expect(await width("scrollWidth")).toBeGreaterThan(await width("clientWidth"));
  const root = "document.documentElement";
  expect(await ana.page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`)).toBe(0);
  await message.getByRole("button", { name: "Copy code" }).click();
  expect(await copied()).toStartWith("if x:\n\treturn");
  await message.getByRole("button", { name: /^Actions for the message/ }).click();
  await ana.keepPicture("words-390");
  await ana.entry("Copy text").click();
  expect(await copied()).toBe(MARKED);
  expect(await ana.barriers()).toEqual([]);
  await message.getByRole("button", { name: "@ben" }).focus();
  await ana.page.keyboard.press("Enter");
  await ana.entry("Write to ben").waitFor();
  expect(await ana.barriers()).toEqual([]);
  await ana.entry("Mention ben").click();
  await until("ben is mentioned", async () => (await ana.box.inputValue()) === "@ben ");
  const isWriting = "document.activeElement.matches('.composer textarea')";
  expect(await ana.page.evaluate<boolean>(isWriting)).toBe(true);
  await message.getByRole("link", { name: "#lobby" }).click();
  expect(new URL(ana.page.url()).hash).toBe("#/lobby");
  await ana.page.setViewportSize({ width: 1440, height: 900 });
  await ana.keepPicture("words-1440");
  await ana.page.emulateMedia({ colorScheme: "dark" });
  expect(await ana.barriers()).toEqual([]);
  await ana.keepPicture("words-1440-dark");
});

pageTest(
  "at the newest no more is drawn than there is to see, also when that shrinks",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using ana = await browser.visit(pageAddress(served), { width: 390, height: 844 });
    await ana.enter("ana");
    for (const part of "abcdefghijkl") await ana.says(`${part}\n`.repeat(19));
    await ana.settled();
    const first = ana.page.locator("article.message").filter({ hasText: "a\na" });
    await first.waitFor({ state: "detached" });
    // The list moves up, as if somebody scrolled.
    await ana.box.press("ArrowUp");
    await ana.box.fill("short now");
    await ana.box.press("Enter");
    const last = ana.message("short now");
    await last.waitFor();
    await still(last);
    const drawn = () => ana.page.locator("article.message").count();
    await until("what is far above is not drawn", async () => (await drawn()) < 8);
  },
);

const LINES = Array.from({ length: 60 }, (_, i) => `line ${i + 1} of what is long`).join("\n");

pageTest("a long post shows its beginning, and is unfolded without a jump", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served), { width: 390, height: 844 });
  await ana.enter("ana");
  await ana.says(`@ben ${"word ".repeat(50)}`);
  await ana.says(LINES);
  await ana.says("x".repeat(3_000));
  await ana.says(Array.from({ length: 24 }, (_, i) => `short ${i}`).join("\n"));
  await ana.settled();
  const more = ana.button("Show more");
  await until("two are folded", async () => (await more.count()) === 2);
  expect(await ana.barriers()).toEqual([]);
  await ana.keepPicture("fold-390");
  const long = ana.message("line 1 of what is long");
  const height = async () => (await long.boundingBox())?.height ?? 0;
  expect(await height()).toBeLessThan(600);
  await long.getByRole("button", { name: "Show more" }).scrollIntoViewIfNeeded();
  const line = long.getByText("line 1 of");
  const list = ana.page.locator(".list");
  // Its beginning is out of sight: what is read of it stays where it is all the same.
  await list.evaluate((all) => all.scrollBy(0, 200));
  await still(more.first());
  const top = async () => (await line.boundingBox())?.y ?? Number.NaN;
  const before = await top();
  expect(before).toBeLessThan(0);
  await long.getByRole("button", { name: "Show more" }).focus();
  await ana.page.keyboard.press("Enter");
  await long.getByRole("button", { name: "Show less" }).waitFor();
  await until("it is high", async () => (await height()) > 1_200);
  expect(Math.abs((await top()) - before)).toBeLessThan(2);
  // It stays unfolded while its row is not there.
  for (const part of "abcdefghijklmnop") await ana.says(`${part}\n`.repeat(19));
  await ana.settled();
  await long.waitFor({ state: "detached" });
  await list.evaluate((all) => all.scrollTo(0, 0));
  await still(long.getByRole("button", { name: "Show less" }));
  await long.getByRole("button", { name: "Show less" }).click();
  await until("it is folded", async () => (await height()) < 600);
  await still(line);
  // Where the width leaves room for all of it, nothing is folded.
  await ana.page.setViewportSize({ width: 1840, height: 900 });
  await ana.message("xxx").scrollIntoViewIfNeeded();
  await ana
    .message("xxx")
    .getByRole("button", { name: "Show more" })
    .waitFor({ state: "detached" });
  await ana.keepPicture("fold-1840");
  // What a search has found is seen as a whole.
  await ana.button("Search").first().click();
  await ana.field("Search for").fill("line 55");
  await ana.field("Search for").press("Enter");
  await ana.page.locator(".search-list button").first().click();
  await long.getByRole("button", { name: "Show less" }).waitFor();
});
