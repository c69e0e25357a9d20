import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();

const focused = ({ page }: Visit) =>
  page.evaluate<string>(`(() => {
    const { activeElement: element } = document;
    return element.getAttribute("aria-label") ?? element.textContent ?? element.tagName;
  })()`);

async function prepare(visit: Visit, author: string): Promise<void> {
  const ben = await server.headlessUser(author);
  await ben.post("hello, all: https://chat.example/ is near");
  await visit.waitForMessage("is near");
  await visit.chooseFromMenu("is near", "Save for later");
}

pageTest("returns the focus when a panel, bar or toast is closed by keyboard", async () => {
  const eva = await server.window("eva");
  await prepare(eva, "bea");
  const { page } = eva;
  const composer = page.locator(".composer textarea:focus");
  await eva.button("Show people").press("Enter");
  await until("the panel is closed", async () => (await focused(eva)) !== "");
  expect(await page.evaluate("document.activeElement !== document.body")).toBe(true);

  await eva.button("Search in room").press("Enter");
  await page.locator(".finder input:focus").waitFor();
  await page.keyboard.press("Control+k");
  await eva.finder.waitFor({ state: "detached" });
  expect(await focused(eva)).toBe("Search in room");

  await eva.chooseFromMenu("is near", "Reply");
  await page.locator(".composer").getByRole("button", { name: "Cancel" }).first().press("Enter");
  await composer.waitFor();

  await eva.send("/kick stranger");
  const dismiss = page.locator(".toast button");
  await dismiss.first().waitFor();
  while ((await dismiss.count()) > 0) await dismiss.first().press("Enter");
  await composer.waitFor();

  await eva.send("/hand");
  await page.locator(".hands button").press("Enter");
  await composer.waitFor();
});

pageTest("a jump to a search result focuses its message", async () => {
  const ida = await server.window("ida");
  await prepare(ida, "bob");
  const liz = await server.headlessUser("liz");
  for (let i = 0; i < 60; i++) await liz.post(`line ${i}`);
  await ida.waitForMessage("line 59");
  await ida.search("is near");
  await ida.results.first().waitFor();
  await ida.finder.press("Enter");
  await ida.page.locator("article.is-shown:focus").waitFor();
  expect(await focused(ida)).toMatch(/^bob, hello, all: https:\/\/chat\.example\/ is near, /);
  await ida.page.keyboard.press("ArrowDown");
  await ida.page.locator(".row:not(.is-shown):focus").waitFor();
});

pageTest("names a message by its author, text, reply, reactions and marks", async () => {
  const una = await server.window("una");
  const tom = await server.headlessUser("tom");
  await tom.post("see **page 4**");
  await una.waitForMessage("page 4");
  await una.chooseFromMenu("page 4", "React with 👍");
  await una.chooseFromMenu("page 4", "Reply");
  await una.send("thanks");
  await una.waitUntilSent();
  const nameOf = (text: string) => una.message(text).first().getAttribute("aria-label");
  await until("the reaction is named", async () => (await nameOf("page 4"))?.includes("👍 1"));
  expect(await nameOf("page 4")).toMatch(/^tom, see page 4, 👍 1, .*\d+:\d\d/);
  expect(await nameOf("thanks")).toMatch(/^una, thanks, Replied to tom, \d+:\d\d/);
  // The arrow keys also reach joins and days.
  await una.page.locator(".list").focus();
  for (let i = 0; i < 30; i++) await una.page.keyboard.press("ArrowUp");
  const label = await focused(una);
  expect(label).not.toMatch(/^(?:tom|una), /);
});

pageTest("describes a question by its text, which is read with its title", async () => {
  await using nina = await server.visit();
  await nina.submitLogin("nina");
  await nina.newAccountQuestion.waitFor();
  const described = await nina.newAccountQuestion.getAttribute("aria-describedby");
  const text = await nina.page.locator(`[id="${described}"]`).textContent();
  expect(text).toBe("If you already have an account, check how its name is spelled.");
});
