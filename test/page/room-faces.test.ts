/** Faces of rooms: choosing one, and where it is shown. */

import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { expectAccessible } from "./theme.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const PHONE = { width: 390, height: 844, isPhone: true };
const PICTURES = process.env["FACE_PICTURES"];

async function picture({ page }: Pick<Visit, "page">, name: string): Promise<void> {
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

const markIn = ({ page }: Visit, room: string) =>
  page.locator(`.room-line[data-target="${room}"] .tile > :is(.tile-emoji, .tile-letters)`);

pageTest("a new room gets the face that its name suggests, and others see it", async () => {
  const ana = await server.window("ana", { ...PHONE });
  await ana.page.goBack();
  await ana.startNew("Create room");
  const create = ana.dialog("Create room");
  await create.getByLabel("Name", { exact: true }).fill("Volcano project");
  await create.getByText("volcano-project in links and the terminal").waitFor();
  const volcano = create.getByRole("radio", { name: "🌋" });
  await volcano.waitFor();
  await expectAccessible(ana, "light", "a new room");
  await volcano.click();
  await create.getByRole("radio", { name: "Sky" }).click();
  await picture(ana, "room-face-phone");
  await create.getByRole("button", { name: "Create", exact: true }).click();
  await ana.heading("Volcano project").waitFor();
  await ana.page.locator(".room-head .tile-emoji", { hasText: "🌋" }).waitFor();

  const ben = await server.window("ben");
  await ben.startNew("Browse rooms");
  await ben.finder.fill("volcano");
  await ben.results.locator(".tile-emoji", { hasText: "🌋" }).waitFor();
  await ben.results.getByRole("button", { name: "Join" }).click();
  await ben.heading("Volcano project").waitFor();
  await markIn(ben, "volcano-project").getByText("🌋").waitFor();
  expect(
    await ben.page.locator(".room-line[data-target=volcano-project] .tile").getAttribute("style"),
  ).toContain("--chalk-8");
  await picture(ben, "faces-laptop");
});

pageTest("moderators change a face by keys, to letters and back to the sign", async () => {
  const dora = await server.window("dora");
  await dora.createRoom("essay-8b");
  await dora.send("/topic");
  const profile = dora.dialog("Name and topic");
  const radio = (name: string) => profile.getByRole("radio", { name, exact: true });
  expect(await radio("Sign").getAttribute("aria-checked")).toBe("true");
  await radio("Sign").press("ArrowLeft");
  const letters = profile.getByLabel("One or two letters");
  await letters.fill("8B");
  await picture(dora, "room-face-laptop");
  await profile.getByRole("button", { name: "Save" }).click();
  await markIn(dora, "essay-8b").getByText("8B").waitFor();
  await dora.page.getByText("dora changed how the room looks").waitFor();

  await dora.send("/topic");
  await radio("Letters").waitFor();
  expect(await radio("Letters").getAttribute("aria-checked")).toBe("true");
  await radio("Sign").click();
  await profile.getByRole("button", { name: "Save" }).click();
  await markIn(dora, "essay-8b").waitFor({ state: "detached" });
});

pageTest("all emoji can be the face", async () => {
  const eve = await server.window("eve");
  await eve.createRoom("cats");
  await eve.send("/topic");
  const profile = eve.dialog("Name and topic");
  await profile.getByRole("button", { name: "All emoji" }).click();
  const picker = eve.dialog("All emoji");
  await picker.getByRole("textbox").fill("black cat");
  await picker.getByRole("button", { name: "black cat" }).click();
  await profile.getByRole("radio", { name: "🐈‍⬛" }).waitFor();
  await profile.getByRole("button", { name: "Save" }).click();
  await markIn(eve, "cats").getByText("🐈‍⬛").waitFor();
});
