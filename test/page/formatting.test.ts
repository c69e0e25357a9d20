import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { scrollIntoView } from "./scroll-into-view.ts";

const server = new PageServer();
const NARROW = { width: 390, height: 844 };

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

pageTest("renders the markup of a message, and copies it as typed", async () => {
  await server.headlessUser("ben");
  const ana = await server.window("cid", NARROW);
  await ana.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = () => ana.page.evaluate<string>("navigator.clipboard.readText()");
  await ana.send(MARKED);
  await ana.waitUntilSent();
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
  const pre = message.locator("pre");
  const width = (of: string) => pre.evaluate<number, string>((e, of) => Reflect.get(e, of), of);
  expect(await width("scrollWidth")).toBeGreaterThan(await width("clientWidth"));
  expect(await ana.overflow()).toBe(0);
  await message.getByRole("button", { name: "Copy code" }).click();
  expect(await copied()).toStartWith("if x:\n\treturn");
  await message.getByRole("button", { name: /^Actions for message/ }).click();
  await ana.menuItem("Copy text").click();
  expect(await copied()).toBe(MARKED);
  await message.getByRole("button", { name: "@ben" }).focus();
  await ana.page.keyboard.press("Enter");
  await ana.menuItem("Mention ben").click();
  await until("ben is mentioned", async () => (await ana.composer.inputValue()) === "@ben ");
  const isWriting = "document.activeElement.matches('.composer textarea')";
  expect(await ana.page.evaluate<boolean>(isWriting)).toBe(true);
  await ana.composer.fill("");
  await ana.send("hello @nobody");
  await ana.waitUntilSent();
  // A name that nobody has is no mention.
  await ana.message("hello @nobody").getByText("hello @nobody").waitFor();
  expect(await ana.page.getByRole("button", { name: "@nobody" }).count()).toBe(0);
  await message.getByRole("link", { name: "#lobby" }).click();
  expect(new URL(ana.page.url()).hash).toBe("#/lobby");
  await ana.page.emulateMedia({ colorScheme: "dark" });
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.page.emulateMedia({ colorScheme: "light" });
});

const LINES = Array.from({ length: 60 }, (_, i) => `line ${i + 1} of what is long`).join("\n");

pageTest("folds a long message, and unfolds it without a jump", async () => {
  const ana = await server.window("cid", NARROW);
  await ana.createRoom("library");
  await ana.send(`@ben ${"word ".repeat(50)}`);
  await ana.send(LINES);
  await ana.send("x".repeat(3_000));
  await ana.send(Array.from({ length: 24 }, (_, i) => `short ${i}`).join("\n"));
  await ana.waitUntilSent();
  const more = ana.button("Show more");
  await until("two are folded", async () => (await more.count()) === 2);
  expect(await ana.accessibilityViolations()).toEqual([]);
  const long = ana.message("line 1 of what is long");
  const height = async () => (await long.boundingBox())?.height ?? 0;
  expect(await height()).toBeLessThan(600);
  await long.getByRole("button", { name: "Show more" }).scrollIntoViewIfNeeded();
  const line = long.getByText("line 1 of");
  const list = ana.page.locator(".list");
  // The beginning is out of view, and the visible part must not move.
  await list.hover();
  await ana.page.mouse.wheel(0, 200);
  await scrollIntoView(more.first());
  const top = async () => (await line.boundingBox())?.y ?? Number.NaN;
  const before = await top();
  expect(before).toBeLessThan(0);
  await long.getByRole("button", { name: "Show more" }).focus();
  await ana.page.keyboard.press("Enter");
  await long.getByRole("button", { name: "Show less" }).waitFor();
  await until("it is high", async () => (await height()) > 1_200);
  expect(Math.abs((await top()) - before)).toBeLessThan(2);
  // The message stays unfolded while its row is unmounted.
  for (const part of "abcdefghijklmnop") await ana.send(`${part}\n`.repeat(19));
  await ana.waitUntilSent();
  await long.waitFor({ state: "detached" });
  await list.hover();
  await ana.page.mouse.wheel(0, -100_000);
  await scrollIntoView(long.getByRole("button", { name: "Show less" }));
  await long.getByRole("button", { name: "Show less" }).click();
  await until("it is folded", async () => (await height()) < 600);
  await scrollIntoView(line);
  await ana.page.setViewportSize({ width: 1840, height: 900 });
  await ana.message("xxx").scrollIntoViewIfNeeded();
  await ana
    .message("xxx")
    .getByRole("button", { name: "Show more" })
    .waitFor({ state: "detached" });
  await ana.search("line 55");
  await ana.results.first().click();
  await long.getByRole("button", { name: "Show less" }).waitFor();
});
