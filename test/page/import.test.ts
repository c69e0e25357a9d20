import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { expectAccessible } from "./theme.ts";

const server = new PageServer();
const PEOPLE = [
  "name,display name,rooms,role",
  "bu_sari,Bu Sari,math:moderator essay,",
  "ayu,Ayu Lestari,math,",
  "budi,Budi Ñusantara,math,ketua",
].join("\n");

pageTest("shows each line of a class list, adds the people and saves their cards", async () => {
  const olga = await server.operator();
  if ((await olga.page.locator("#tab-server").count()) === 0)
    await olga.button("Server administration").click();
  await olga.page.locator("#tab-accounts").click();
  await olga.button("Import class list").click();
  const dialog = olga.dialog("Import class list");
  const choose = async (text: string) => {
    const files = [{ name: "8b.csv", mimeType: "text/csv", buffer: Buffer.from(text) }];
    await dialog.locator("input[type=file]").setInputFiles(files);
  };
  await choose(PEOPLE);
  await dialog.getByText("Nothing was changed. Correct 1 line").waitFor();
  await dialog.getByRole("row").filter({ hasText: "has no valid role: 'ketua'" }).waitFor();
  expect(await dialog.getByRole("button", { name: /^Add/ }).count()).toBe(0);
  await expectAccessible(olga, "light", "problems of a class list");
  await dialog.getByRole("button", { name: "Choose again" }).click();
  await choose(PEOPLE.replace("ketua", "member"));
  await dialog.getByText("Nothing has changed yet. New people: 3.").waitFor();
  for (const text of ["New room math", "New account ayu for Ayu Lestari, with a card"])
    await dialog.getByRole("row").filter({ hasText: text }).waitFor();
  await dialog.getByRole("row").filter({ hasText: "bu_sari becomes moderator of math" }).waitFor();
  await dialog.getByRole("button", { name: "Add 3 people" }).click();
  const save = dialog.getByRole("button", { name: "Save 3 cards to print" });
  await save.waitFor();
  await expectAccessible(olga, "light", "cards of a class list");
  const [download] = await Promise.all([olga.page.waitForEvent("download"), save.click()]);
  const cards = readFileSync(await download.path(), "utf8");
  for (const name of ["Bu Sari", "Ayu Lestari", "Budi Ñusantara"]) expect(cards).toContain(name);
  const sheet = await olga.context.newPage();
  await sheet.setViewportSize({ width: 390, height: 844 });
  await sheet.setContent(cards);
  expect(await sheet.evaluate("document.scrollingElement.scrollWidth")).toBe(390);
  await sheet.close();
  const [, code = ""] = /class="code">([\w-]{14})</.exec(cards) ?? [];
  expect(code).not.toBe("");
  await olga.page.keyboard.press("Escape");
  await olga.page.getByRole("table", { name: "Accounts" }).getByText("Ayu Lestari").waitFor();

  await olga.button("Import class list").click();
  await choose(PEOPLE.replace("ketua", "member"));
  await dialog.getByText("Everything is as the list says.").waitFor();
  await dialog.getByRole("button", { name: "Choose again" }).click();
  await dialog.getByLabel("New cards for those who have not signed in yet").check();
  await choose(PEOPLE.replace("ketua", "member"));
  await dialog.getByRole("row").filter({ hasText: "New card for Bu Sari" }).waitFor();
  await dialog.getByRole("button", { name: "Apply changes" }).click();
  await dialog.getByRole("button", { name: "Save 3 cards to print" }).waitFor();
  await olga.page.keyboard.press("Escape");
});

pageTest("adds people whose names are typed", async () => {
  const olga = await server.operator();
  if ((await olga.page.locator("#tab-server").count()) === 0)
    await olga.button("Server administration").click();
  await olga.page.locator("#tab-accounts").click();
  await olga.button("Add people").click();
  const dialog = olga.dialog("Add people");
  await dialog.getByLabel("Names, one per line").fill("Citra Ayu\nDewi Anggraini\n");
  await dialog.getByRole("button", { name: "Show what happens" }).click();
  await dialog.getByRole("button", { name: "Add 2 people" }).click();
  await dialog.getByRole("button", { name: "Save 2 cards to print" }).waitFor();
  await olga.page.keyboard.press("Escape");
});

pageTest("prints new cards, first of all for people who have not signed in", async () => {
  const olga = await server.operator();
  await server.headlessUser("zoe");
  await olga.button("Print cards").click();
  const dialog = olga.dialog("Print cards");
  await dialog.getByText("earlier cards of these people become void").waitFor();
  await dialog.getByLabel("Citra Ayu").waitFor();
  const isChecked = (name: string) => dialog.getByLabel(name).isChecked();
  expect([await isChecked("Citra Ayu"), await isChecked("zoe")]).toEqual([true, false]);
  expect(await dialog.getByLabel("olga").count()).toBe(0);
  await dialog.getByLabel("Find a person").fill("dewi");
  await dialog.getByLabel("All (1)").uncheck();
  await dialog.getByLabel("Find a person").fill("");
  await expectAccessible(olga, "light", "people to print cards for");
  const make = dialog.getByRole("button", { name: /^Make \d+ new cards?$/ });
  const count = Number(/\d+/.exec((await make.textContent()) ?? "")?.[0]);
  await make.click();
  const save = dialog.getByRole("button", { name: `Save ${count} card` });
  await save.waitFor();
  const [download] = await Promise.all([olga.page.waitForEvent("download"), save.click()]);
  const cards = readFileSync(await download.path(), "utf8");
  expect([cards.includes("Citra Ayu"), cards.includes("Dewi Anggraini")]).toEqual([true, false]);
  await olga.page.keyboard.press("Escape");
});

pageTest("asks which room a class list means, and applies it after the answer", async () => {
  const olga = await server.operator();
  const eve = await server.headlessUser("eve");
  await eve.tab.ask("join", { room: "taken", create: true });
  if ((await olga.page.locator("#tab-server").count()) === 0)
    await olga.button("Server administration").click();
  await olga.page.locator("#tab-accounts").click();
  await olga.button("Import class list").click();
  const dialog = olga.dialog("Import class list");
  const buffer = Buffer.from("display name,rooms\nFarah Aziz,taken\nGita Sari,\n");
  const files = [{ name: "9a.csv", mimeType: "text/csv", buffer }];
  await dialog.locator("input[type=file]").setInputFiles(files);
  await dialog.getByText("Nothing has changed yet. Answer 1 question first.").waitFor();
  await dialog
    .getByRole("row")
    .filter({ hasText: "names the room taken, which eve made" })
    .waitFor();
  expect(await dialog.getByRole("button", { name: /^Add/ }).count()).toBe(0);
  await expectAccessible(olga, "light", "questions of a class list");
  await dialog.getByRole("button", { name: "Yes, taken" }).click();
  await dialog.getByRole("button", { name: "Add 2 people" }).click();
  await dialog.getByRole("button", { name: "Save 2 cards to print" }).waitFor();
  await olga.page.keyboard.press("Escape");
});
