import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";

/** Creating rooms, browsing them, and searching all of them. */

const browser = sharedBrowser();

pageTest("a room is created with topic and password, browsed, joined and searched", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.button("Create room").click();
  const create = ana.dialog("Create room");
  await create.getByLabel("Name", { exact: true }).fill("den");
  await create.getByLabel("Topic (optional)").fill("quiet work");
  await create.getByLabel("Password (optional)", { exact: true }).fill("s3cretive");
  await create.getByRole("button", { name: "Create", exact: true }).click();
  await ana.page.getByRole("heading", { name: "#den", level: 1 }).waitFor();
  await ana.page.getByText("quiet work").first().waitFor();
  await ana.says("the needle is here");
  await ana.sees("the needle is here");

  const ben = await Talker.open(served, "ben");
  await ben.tab.ask("join", { room: "open-air", create: true });
  await using mia = await browser.visit(pageAddress(served));
  await mia.enter("mia");
  await mia.button("Browse rooms").click();
  const browse = mia.dialog("Browse rooms");
  await browse.getByText("#open-air").waitFor();
  await browse.getByLabel("Find a room").fill("#DEN");
  expect(await browse.getByText("#open-air").count()).toBe(0);
  await browse.getByRole("button", { name: "Join #den" }).click();
  const join = mia.dialog("Join den");
  await join.locator("#join-password").fill("s3cretive");
  await join.getByRole("button", { name: "Join", exact: true }).click();
  await mia.page.getByRole("heading", { name: "#den", level: 1 }).waitFor();
  await mia.button("Browse rooms").click();
  await browse.getByRole("button", { name: "Join #open-air" }).click();
  await mia.page.getByRole("heading", { name: "#open-air", level: 1 }).waitFor();

  // An existing name offers to join instead, and changes nothing.
  await mia.button("Create room").click();
  const again = mia.dialog("Create room");
  await again.getByLabel("Name", { exact: true }).fill("Lobby");
  await again.getByRole("button", { name: "Create", exact: true }).click();
  await again.getByText("lobby already exists.").waitFor();
  await again.getByRole("button", { name: "Open it" }).click();
  await mia.page.getByRole("heading", { name: "#lobby", level: 1 }).waitFor();

  // A search covers all rooms, and marks what it found.
  await mia.button("Search").first().click();
  await mia.field("Search for").fill("NEEDLE");
  await mia.field("Search for").press("Enter");
  const hit = mia.page.locator(".search-list .hit-text");
  await hit.getByText("the needle is here").waitFor();
  expect(await hit.locator("mark").allTextContents()).toEqual(["needle"]);
});
