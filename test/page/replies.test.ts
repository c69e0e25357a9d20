import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();
const PHONE = { isDark: true, isPhone: true, width: 390, height: 844 };
const password = "correct horse battery";

pageTest("the number of replies opens their list, and each jumps to its message", async () => {
  await using ana = await server.logIn("ana", { password, width: 1200 });
  await ana.room("lobby").click();
  const ben = await server.headlessUser("ben");
  await ben.post("Where do we meet?");
  const root = ana.message("Where do we meet?").first();
  const seq = Number(await root.getAttribute("data-seq"));
  await ana.send(`/reply ${seq} In the lab`);
  const count = root.locator(".reaction");
  await count.getByText(/^1 reply · /).waitFor();
  await ana.send(`/reply ${seq} In the hall`);
  await ana.send("Something else");
  await count.getByText(/^2 replies · /).click();
  const list = ana.page.locator(".search-list");
  await list.getByText("In the hall").waitFor();
  expect(await list.locator("li").count()).toBe(2);
  expect(await list.getByText("Something else").count()).toBe(0);
  expect(await ana.accessibilityViolations()).toEqual([]);
  await list.getByText("In the lab").click();
  await ana.page.locator("article.is-shown", { hasText: "In the lab" }).waitFor();

  await using phone = await server.logIn("ana", { password, ...PHONE });
  await phone.page.getByText(/^2 replies · /).click();
  await phone.page.locator(".search-list").getByText("In the hall").waitFor();
  expect(await phone.accessibilityViolations()).toEqual([]);
  await phone.page.locator(".search-list").getByText("In the hall").click();
  await phone.page.locator("article.is-shown", { hasText: "In the hall" }).waitFor();
});
