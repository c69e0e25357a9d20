import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { developmentPage } from "./development-page.ts";
import { pageAddress } from "./scenery.ts";

/** What two people say to each other, and nobody else sees. */

const browser = sharedBrowser();

pageTest("the first direct message is shown in its conversation alone", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await using ben = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ben.enter("ben");
  await ana.button("Write to somebody").click();
  // A prefix of a name is not an account.
  const options = ana.page.getByRole("option");
  await ana.field("Name").fill("be");
  await options.first().waitFor();
  expect(await options.allInnerTexts()).toEqual(["@ben"]);
  await ana.field("Name").fill("geo");
  await ana.page.getByText("Nothing by that name.").waitFor();
  await ana.field("Name").press("Enter");
  await ana.field("Name").fill("ben");
  await ana.field("Name").press("Enter");
  await ana.page.getByRole("heading", { name: "@ben", level: 1 }).waitFor();
  await ana.says("between the two of us");
  await ana.sees("between the two of us");
  await ana.settled();
  expect(await ana.page.locator(".timeline").count()).toBe(1);
  await ana.room("lobby").click();
  await ana.page.getByRole("heading", { name: "#lobby", level: 1 }).waitFor();
  expect(await ana.page.locator(".timeline").count()).toBe(1);
  expect(await ana.message("between the two of us").count()).toBe(0);
});

pageTest("a conversation has no list of people beside it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served), { width: 1440 });
  await using ben = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ben.enter("ben");
  const people = ana.page.getByRole("complementary", { name: "People" });
  await people.waitFor();
  await ana.says("/msg geo hello");
  await ana.page.getByText("There is no account of this name.").waitFor();
  await ana.page.getByRole("heading", { name: "#lobby", level: 1 }).waitFor();
  await ana.says("/msg ben hello");
  await ana.page.getByRole("heading", { name: "@ben", level: 1 }).waitFor();
  await ana.sees("hello");
  expect(await people.count()).toBe(0);
  await ana.keepPicture("direct-1440");
  await ana.room("lobby").click();
  await people.waitFor();
  // A narrower window keeps the conversation in sight, and a wider one has room for both.
  await ana.page.setViewportSize({ width: 900, height: 800 });
  await people.waitFor({ state: "detached" });
  await ana.page.setViewportSize({ width: 1440, height: 800 });
  await people.waitFor();
});

pageTest("siblings can be told apart, also a room and a person of one name", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const prepare = developmentPage(String(served.listening["web"]));
  await using ana = await browser.visit(pageAddress(served), { width: 1440, prepare });
  await using ben = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ben.enter("ben");
  await ana.says("hello @ben, @ben and https://example.org https://example.org");
  await ana.sees("hello @ben");
  await ana.says("/msg ben one");
  await ana.says("two");
  await ben.room("@ana").click();
  await ben.says("three");
  await ana.sees("three");
  await ana.says("/join ben");
  await ana.dialog("Create room").getByRole("button", { name: "Create" }).click();
  await ana.page.getByRole("heading", { name: "#ben", level: 1 }).waitFor();
  await ana.says("in a room called as he is");
  await ana.sees("in a room called as he is");
  await ana.page.keyboard.press("Control+k");
  await ana.field("Name").fill("ben");
  await ana.page.getByRole("option", { name: "#ben" }).waitFor();
  await ana.page.getByRole("option", { name: "@ben" }).waitFor();
  await ana.field("Name").press("Escape");
  for (const target of ["@ben", "lobby", "ben", "@ben"]) {
    await ana.room(target).click();
    await ana.page
      .getByRole("heading", { name: new RegExp(`^[@#]?${target}$`), level: 1 })
      .waitFor();
    expect(await ana.page.locator(".timeline").count()).toBe(1);
  }
});
