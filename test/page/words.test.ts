import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";

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
  await ana.page.setViewportSize({ width: 1440, height: 900 });
  await ana.keepPicture("words-1440");
  await ana.page.emulateMedia({ colorScheme: "dark" });
  expect(await ana.barriers()).toEqual([]);
  await ana.keepPicture("words-1440-dark");
});
