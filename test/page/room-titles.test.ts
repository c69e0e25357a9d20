import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();

pageTest("shows the display name of a room", async () => {
  const ana = await server.window("ana");
  await ana.startNew("Create room");
  const create = ana.dialog("Create room");
  await create.getByLabel("Name", { exact: true }).fill("Year 7 Blue");
  const short = create.getByLabel("Short name");
  expect(await short.inputValue()).toBe("year-7-blue");
  await create.getByRole("button", { name: "Create", exact: true }).click();
  await ana.heading("Year 7 Blue").waitFor();
  await ana.page.getByText("ana set the display name: Year 7 Blue").waitFor();
  expect(await ana.page.title()).toBe("Year 7 Blue");
  expect(await ana.page.locator(".room-name", { hasText: "Year 7 Blue" }).count()).toBe(1);

  const ben = await server.window("ben");
  await ben.startNew("Browse rooms");
  await ben.finder.fill("7 blue");
  await ben.results.getByText(/#year-7-blue/).waitFor();
  await ben.results.getByRole("button", { name: "Join" }).click();
  await ben.heading("Year 7 Blue").waitFor();

  // The derived name is taken, but not the display name.
  await ana.startNew("Create room");
  await create.getByLabel("Name", { exact: true }).fill("Year 7, Blue!");
  await create.getByText("#year-7-blue exists, so this room becomes year-7-blue-2").waitFor();
  await create.getByLabel("Name", { exact: true }).fill("year 7 blue");
  await create.getByRole("button", { name: "Create", exact: true }).click();
  await create.getByText("Year 7 Blue already exists.").waitFor();
  await create.getByRole("button", { name: "Open", exact: true }).click();

  await ana.send("/title");
  await ana.heading("#year-7-blue").waitFor();
  await ana.send("/topic");
  const profile = ana.dialog("Name and topic");
  await profile.getByLabel("Display name").fill("七年级 Blue");
  await profile.getByLabel("Topic").fill("Homework until Friday");
  await profile.getByRole("button", { name: "Save" }).click();
  await ben.heading("七年级 Blue").waitFor();
  await ben.page.getByText("ana set the topic: Homework until Friday").waitFor();
  await ben.page.locator(".room-title .topic").click();
  const details = ben.dialog("Room details");
  await details.getByText("#year-7-blue", { exact: true }).waitFor();
  expect(await details.getByRole("button", { name: /Name and topic/ }).count()).toBe(0);
});
