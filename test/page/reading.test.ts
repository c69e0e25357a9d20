import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();

pageTest("folds the names of many joins, and shows them on request", async () => {
  const ana = await server.window("ana");
  for (let i = 1; i <= 6; i++) await server.headlessUser(`pupil${i}`);
  const line = ana.page.locator(".said", { hasText: "others joined" });
  await line.filter({ hasText: "ana, pupil1, and 5 others joined" }).waitFor();
  expect(await line.textContent()).not.toContain("pupil6");
  const all = line.getByRole("button", { name: "Show all" });
  await all.focus();
  await all.press("Enter");
  const open = ana.page.locator(".said", { hasText: "pupil5, and pupil6 joined" });
  await open.getByRole("button", { name: "Show less", expanded: true }).click();
  await line.waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
});
