import { expect } from "bun:test";
import type { Locator } from "playwright-core";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { Finger } from "./finger.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const PHONE = { width: 390, height: 844, isPhone: true };

function numberIn({ page }: Visit, script: string): Promise<number> {
  return page.evaluate<number>(script);
}

async function isBelow(layer: Locator, bottom: number): Promise<boolean> {
  const box = await layer.boundingBox();
  return box !== null && Math.abs(box.y + box.height - bottom) < 1;
}

pageTest("opens a sheet at the bottom after a long press on a message", async () => {
  const ben = await server.headlessUser("ben");
  const ana = await server.window("ana", PHONE);
  const finger = await Finger.of(ana);
  await ben.post("first of two");
  await ben.post("second of two");
  await ana.waitForMessage("second of two");
  const sheet = ana.page.getByRole("menu");
  const [first, second] = [ana.message("first of two"), ana.message("second of two")];

  // A finger that moves does not press.
  await finger.touch(first);
  await finger.moveBy(0, 40);
  await finger.lift();
  await finger.touch(second);
  await sheet.waitFor();
  expect(await sheet.count()).toBe(1);
  await until("the sheet is at the bottom", () => isBelow(sheet, PHONE.height));
  await finger.lift();
  expect(await ana.page.evaluate<string>("getSelection().toString()")).toBe("");
  expect(await ana.accessibilityViolations()).toEqual([]);
  expect(await sheet.getByRole("menuitem").allTextContents()).toEqual(
    expect.arrayContaining(["👍", "Reply", "Copy text", "Copy link", "Save for later"]),
  );
  await ana.menuItem("React with 🎉").tap();
  await second.getByRole("button", { name: "🎉 1: ana" }).waitFor();

  await finger.touch(second);
  await sheet.waitFor();
  await finger.lift();
  await ana.page.goBack();
  await sheet.waitFor({ state: "detached" });
  await finger.touch(second);
  await sheet.waitFor();
  await finger.lift();
  // A tap above the sheet closes it, and reaches nothing else.
  await ana.page.touchscreen.tap(360, 20);
  await sheet.waitFor({ state: "detached" });
  expect(await ana.page.locator("dialog, .side-right").count()).toBe(0);
});

pageTest("replies to a message that is swiped to the right", async () => {
  const cid = await server.headlessUser("cid");
  await cid.postMany(60, (n) => `question ${n}.`);
  const ana = await server.window("ana", PHONE);
  const finger = await Finger.of(ana);
  await ana.waitForMessage("question 59.");
  const message = ana.message("question 59.");
  const reply = ana.page.locator(".composer-about");
  const armed = () => ana.page.locator(".reply-mark").getAttribute("data-armed");

  await finger.touch(message);
  await finger.moveBy(40, 3);
  await until("the message follows", async () => (await armed()) === "false");
  await finger.lift();
  await until("the swipe has ended", async () => (await armed()) === null);
  expect(await reply.count()).toBe(0);

  await finger.touch(message);
  await finger.moveBy(80, 3);
  await until("the mark shows that it replies", async () => (await armed()) === "true");
  const moved = `Number.parseFloat(getComputedStyle(document.querySelector(
    "article[style*=translate]")).translate)`;
  expect(await numberIn(ana, moved)).toBeGreaterThan(50);
  await finger.lift();
  await reply.getByText("cid").waitFor();
  await ana.page.keyboard.press("Escape");
  await reply.waitFor({ state: "detached" });

  const top = "document.querySelector('.timeline .list').scrollTop";
  const before = await numberIn(ana, top);
  await finger.touch(message);
  await finger.moveBy(10, 120);
  await finger.moveBy(150, 0);
  await finger.lift();
  await until("the list has scrolled", async () => (await numberIn(ana, top)) < before);
  expect([await armed(), await reply.count()]).toEqual([null, 0]);
});

pageTest("opens the drawer by a swipe from the edge, and closes it by one back", async () => {
  const ana = await server.window("ana", PHONE);
  const finger = await Finger.of(ana);
  const drawer = ana.page.getByRole("complementary", { name: "Rooms" });
  await finger.touchAt(8, 400);
  await finger.moveBy(30, 0);
  await ana.page.locator("[data-dragging]").waitFor();
  await finger.lift();
  await drawer.waitFor({ state: "hidden" });
  await finger.touchAt(8, 400);
  await finger.moveBy(120, 5);
  await finger.lift();
  await drawer.waitFor();
  await finger.touchAt(200, 500);
  await finger.moveBy(-100, 5);
  await finger.lift();
  await drawer.waitFor({ state: "hidden" });
  await finger.touchAt(8, 400);
  await finger.moveBy(5, 100);
  await finger.moveBy(120, 0);
  await finger.lift();
  expect(await drawer.isVisible()).toBe(false);
});
