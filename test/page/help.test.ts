import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();
const password = "correct horse battery";
const PHONE = { isPhone: true, width: 390, height: 844 };

pageTest("Help answers a question in any words", async () => {
  await using ana = await server.logIn("ana", { password, ...PHONE });
  await ana.send("/help");
  const help = ana.dialog("Help");
  const field = help.getByLabel("What do you want to do?");
  await help.getByText("How do I raise my hand?").click();
  await help.getByText("Touch Raise hand in the strip").waitFor();
  // One answer is open at a time.
  await help.getByText("What did I miss?").click();
  await help.getByText("lists what calls you").waitFor();
  expect(await help.getByText("Touch Raise hand in the strip").isVisible()).toBe(false);
  expect(await ana.accessibilityViolations()).toEqual([]);
  expect(await ana.overflow()).toBe(0);
  await field.fill("turn off NOTIFICATIONS");
  await help.getByText("How do I make a room quiet?").waitFor();
  expect(await help.locator("details").count()).toBe(1);
  await field.fill("zzz");
  await help.getByText("No matches").waitFor();
});
