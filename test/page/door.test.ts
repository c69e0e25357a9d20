/** The door of a room: the sheet to print, the card of its link, and a first visit. */

import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { expectAccessible } from "./theme.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer({ args: ["--name", "SMP 4 Bandung"] });
const PHONE = { width: 390, height: 844, isPhone: true };
const PICTURES = process.env["FACE_PICTURES"];

async function picture({ page }: Pick<Visit, "page">, name: string): Promise<void> {
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
}

const linkOf = (room: string) => `https://${server.served.address}/#/${room}`;

async function openLobby(visit: Visit): Promise<void> {
  await visit.page.evaluate('location.hash = "#/lobby"');
  await visit.heading("#lobby").waitFor();
}

pageTest("the door of a room is a sheet of paper, with its face and three lines", async () => {
  const sari = await server.window("sari");
  await sari.createRoom("volcano");
  const { page } = sari;
  await sari.send("/topic We build a volcano. Photos, plans and who brings what.");
  await page.getByText("set the topic: We build a volcano.").waitFor();
  await page.locator(".room-head button").last().click();
  await sari.menuItem("Print the door").click();
  await page.locator(".door-page").waitFor();
  expect(await page.title()).toBe("Door of volcano");
  await page.getByRole("heading", { name: "volcano", level: 1 }).waitFor();
  expect(await page.locator(".door-lines > li").allTextContents()).toEqual([
    "We build a volcano.",
    "Photos, plans and who brings what.",
  ]);
  await page.locator(".door-foot").getByText("SMP 4 Bandung").waitFor();
  await expectAccessible(sari, "light", "the door");
  await page.emulateMedia({ media: "print" });
  expect(await page.getByRole("button", { name: "Print" }).isVisible()).toBe(false);
  const pdf = await page.pdf({ preferCSSPageSize: true });
  expect(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
  await page.emulateMedia({ media: "screen" });
  await picture(sari, "door-print");
  await page.locator(".door-keys").getByRole("button", { name: "volcano" }).click();
  await sari.heading("#volcano").waitFor();
});

pageTest("a link of a room is a card, which leads into the room", async () => {
  const sari = await server.window("sari");
  await sari.createRoom("garden");
  await sari.send("/topic We plant on Tuesday");
  await sari.page.getByText("set the topic: We plant on Tuesday").waitFor();
  await sari.room("lobby").click();
  await sari.send(`come here ${linkOf("garden")}`);
  const own = sari.page.locator(".door-card");
  await own.getByText("We plant on Tuesday").waitFor();
  expect(await own.getByRole("link").textContent()).toBe("Open");

  const ben = await server.window("ben", PHONE);
  await openLobby(ben);
  const card = ben.page.locator(".door-card");
  await card.getByText("We plant on Tuesday").waitFor();
  await card.getByText("1 person").waitFor();
  await expectAccessible(ben, "light", "the card of a room");
  await picture(ben, "door-preview");
  await card.getByRole("link", { name: "Join" }).click();
  await ben.dialog("Join #garden").getByRole("button", { name: "Join" }).click();
  await ben.heading("#garden").waitFor();
});

pageTest("a room that one must ask for, or that needs a password, has no card", async () => {
  const tia = await server.window("tia");
  await tia.createRoom("staff");
  await tia.send("/rules join approval");
  await tia.page
    .getByText(/changed the rules|approv/)
    .first()
    .waitFor();
  const eve = await server.headlessUser("eve");
  await eve.post(`secret ${linkOf("staff")}`);
  const open = await server.headlessUser("flo");
  await open.tab.ask("join", { room: "open", create: true });
  await open.post(`open ${linkOf("open")}`);
  const ben = await server.window("ben");
  await openLobby(ben);
  const cards = ben.page.locator(".door-card");
  await cards.filter({ hasText: "open" }).waitFor();
  expect(await cards.filter({ hasText: "staff" }).count()).toBe(0);
});

pageTest("a first visit says hello in one tap, and lists rooms to join", async () => {
  const olga = await server.headlessUser("olga");
  // The list has the largest rooms.
  await olga.tab.ask("join", { room: "math", create: true, title: "Mathematics" });
  await olga.tab.ask("profile", { room: "math", mark: "📐" });
  const dina = await server.headlessUser("dina");
  await dina.tab.ask("join", { room: "math" });
  await using ayu = await server.logIn("ayu", PHONE);
  await openLobby(ayu);
  await ayu.page.getByRole("heading", { name: "Welcome, ayu" }).waitFor();
  await ayu.page.getByText(/others? (?:is|are) here now/).waitFor();
  const rooms = ayu.page.locator(".rooms-to-join");
  await rooms.getByRole("heading", { name: /Rooms you can join/ }).waitFor();
  await expectAccessible(ayu, "light", "a first visit");
  await picture(ayu, "first-pupil-phone");
  await rooms.getByRole("button", { name: "Join Mathematics" }).waitFor();
  await ayu.button("👋 Say hello").click();
  await ayu.waitForMessage("👋");
  await ayu.button("👋 Say hello").waitFor({ state: "detached" });
  const budi = await server.window("budi");
  await budi.page.getByRole("button", { name: "Join Mathematics" }).click();
  await budi.heading("Mathematics").waitFor();
});

pageTest("the address on a door leads through sign-in into the room", async () => {
  const sari = await server.window("sari");
  await sari.createRoom("poetry");
  const password = "correct horse";
  await using _ = await server.logIn("nina", { password });
  await using nina = await server.browser.visit(linkOf("poetry"));
  await nina.submitLogin("nina", { password });
  await nina.dialog("Join #poetry").getByRole("button", { name: "Join" }).click();
  await nina.heading("#poetry").waitFor();
});
