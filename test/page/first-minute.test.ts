/** The steps of the operator of a new server. */

import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();

pageTest("leads the first operator through three steps, until three people have come", async () => {
  const olga = await server.operator();
  const steps = olga.page.locator(".first-step");
  const heading = olga.page.getByRole("heading", { name: "Three steps, then the class is here" });
  await heading.waitFor();
  expect(await steps.count()).toBe(3);
  expect(await olga.accessibilityViolations()).toEqual([]);

  await steps.nth(1).getByRole("button", { name: "Show on the wall" }).click();
  await olga.page.getByRole("dialog").waitFor();
  await olga.page.keyboard.press("Escape");

  await steps.nth(2).getByRole("button", { name: "New task" }).click();
  const created = olga.dialog("Create room");
  await created.getByLabel("Name").first().fill("essay");
  await created.getByRole("button", { name: "Create" }).click();
  await olga.heading("#essay").waitFor();
  await olga.room("lobby").click();
  await olga.page.locator(".first-step.is-done").getByText("Give the first task").waitFor();

  await steps.nth(0).getByRole("button", { name: "Add people" }).click();
  await olga.page.getByRole("dialog").waitFor();
  await olga.page.keyboard.press("Escape");
  await server.headlessUser("ben");
  await olga.page.locator(".first-step.is-done").getByText("Put the class in").waitFor();
  await server.headlessUser("cleo");
  await heading.waitFor({ state: "detached" });
});
