import { expect } from "bun:test";
import { pngOf } from "../cli/screen/pictures/test-png.ts";
import { pageTest } from "./browser.ts";
import { Finger } from "./finger.ts";
import { PageServer } from "./page-server.ts";
import { expectAccessible } from "./theme.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const PICTURES = process.env["DESK_PICTURES"];

async function picture({ page }: Visit, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

/** A moderator's assignment with the work of three people; dewi has handed in nothing. */
async function assignment(
  moderator: string,
  pupil: string,
  others: readonly string[],
  room: string,
) {
  const pupils = new Map<string, Awaited<ReturnType<typeof server.headlessUser>>>();
  for (const name of others) pupils.set(name, await server.headlessUser(name));
  const [first = "", second = ""] = others;
  const ana = await server.window(moderator, { width: 1440, height: 900 });
  const budi = await server.window(pupil);
  await ana.createRoom(room);
  await ana.send("/rules post private due 2020-01-02");
  for (const { tab } of pupils.values()) await tab.ask("join", { room });
  await budi.send(`/join ${room}`);
  await budi.heading(`#${room}`).waitFor();
  await budi.send("We went by bus on Tuesday.");
  await budi.page.locator("article:not(.is-pending)", { hasText: "by bus" }).waitFor();
  await pupils.get(first)?.post("The first room is dark.", `${room}@${first}`);
  await pupils.get(second)?.post("It is cold, like a fish.", `${room}@${second}`);
  return { ana, budi, pupils };
}

pageTest("corrects the work of a class by keys alone", async () => {
  const { ana, budi, pupils } = await assignment(
    ...(["ana", "budi", ["ayu", "citra", "dewi"], "essay"] as const),
  );
  const { page } = ana;
  await ana.button("Handed in").click();
  await page.getByRole("rowheader", { name: "ayu" }).getByRole("button").click();
  const desk = page.getByRole("region", { name: "Desk" });
  const names = page.getByRole("navigation", { name: "People of this assignment" });
  const row = (name: string) => names.getByRole("button", { name });
  const board = page.locator(".main > .board");
  await desk.getByText("The first room is dark.").waitFor();
  await board.getByText("0 of 3 done").waitFor();
  expect(await names.getByRole("listitem").count()).toBe(4);
  await row("ayu").getByText("Read").waitFor();
  await row("ayu")
    .getByText(/days late/)
    .waitFor();
  await row("dewi").getByText("Missing").waitFor();
  await expectAccessible(ana, "light", "desk");
  await picture(ana, "desk");

  await page.keyboard.press("2");
  await row("ayu").getByText("Done", { exact: true }).waitFor();
  await row("ayu").getByText("Well done").waitFor();
  await board.getByText("1 of 3 done").waitFor();
  await page.keyboard.press("n");
  await desk.getByText("We went by bus on Tuesday.").waitFor();
  await page.keyboard.press("3");
  await row("budi").getByText("Answered").waitFor();
  await page.keyboard.press("c");
  await page.keyboard.type("d n 1: name the museum");
  await page.keyboard.press("Enter");
  await budi.waitForMessage("d n 1: name the museum");
  const stamp = budi.page.locator("article .stamp", { hasText: "One thing to fix" });
  await stamp.waitFor();
  await picture(budi, "returned");

  await page.keyboard.press("Escape");
  await desk.getByRole("button", { name: "Own words" }).click();
  await ana.dialog("Own words").locator("input").fill("Lovely <b>museum</b>");
  await ana.dialog("Own words").getByLabel("Sign").selectOption("One thing to fix");
  await ana.dialog("Own words").getByRole("button", { name: "Stamp" }).click();
  await budi.page.locator("article .stamp", { hasText: "Lovely <b>museum</b>" }).waitFor();
  await row("budi").getByText("Answered").waitFor();
  await page.keyboard.press("d");
  await desk.getByText("It is cold, like a fish.").waitFor();
  await page.keyboard.press("d");
  await row("citra").getByText("Seen").waitFor();
  await page.locator(".toast").getByText("All work is answered.").waitFor();
  await board.getByText("2 of 3 done").waitFor();
  await names.getByRole("button", { name: "Not done 1" }).click();
  await row("ayu").waitFor({ state: "detached" });
  await row("budi").waitFor();

  // Newer work waits again.
  await pupils.get("citra")?.post("Second version", "essay@citra");
  await row("citra").getByText("New").or(row("citra").getByText("Read")).waitFor();
  await ana.button("Back to the table").click();
  await page.getByRole("region", { name: "Handed in: #essay" }).waitFor();
  await desk.waitFor({ state: "detached" });
});

pageTest("shows work and talk in turn on a phone", async () => {
  const { ana } = await assignment("sari", "hendra", ["gita", "indah"], "museum");
  const { page } = ana;
  await page.setViewportSize({ width: 390, height: 844 });
  await ana.button("Handed in").click();
  await page.getByRole("button", { name: "Open hendra" }).click();
  const desk = page.getByRole("region", { name: "Desk" });
  await desk.getByText("We went by bus on Tuesday.").waitFor();
  await expectAccessible(ana, "light", "desk of a phone");
  await picture(ana, "desk-phone");
  // A finger leads to the next work and back.
  const finger = await Finger.of(ana);
  const swipe = async (px: number) => {
    await finger.touch(desk.locator(".desk-scroll"));
    await finger.moveBy(px, 0);
    await finger.lift();
  };
  await swipe(-120);
  await desk.getByText("It is cold, like a fish.").waitFor();
  await swipe(120);
  await desk.getByText("We went by bus on Tuesday.").waitFor();
  await desk.getByRole("button", { name: "Please again" }).click();
  await desk.getByRole("button", { name: "Talk" }).click();
  await page.locator("article .stamp", { hasText: "Please again" }).waitFor();
  await picture(ana, "desk-phone-talk");
  await desk.getByRole("button", { name: "Work", exact: true }).click();
  await desk.getByRole("button", { name: "Next person" }).click();
  await desk.getByText("It is cold, like a fish.").waitFor();
  await desk.getByRole("button", { name: "Done, next" }).click();
  await desk.getByText("The first room is dark.").waitFor();
  await page.goBack();
  await desk.waitFor({ state: "detached" });
});

pageTest("sends a photo back with what was drawn on it", async () => {
  const { ana, budi } = await assignment("rina", "joko", ["kartika", "lia"], "geology");
  const { page } = ana;
  const photo = pngOf(600, 400, () => [240, 240, 240]);
  await budi.page
    .locator(".composer input[type=file]")
    .first()
    .setInputFiles({ name: "drum.png", mimeType: "image/png", buffer: Buffer.from(photo) });
  await budi.button("Send").click();
  await budi.page.locator("article:not(.is-pending) img").first().waitFor();
  await budi.page
    .locator(".composer input[type=file]")
    .first()
    .setInputFiles({ name: "plan.docx", mimeType: "", buffer: Buffer.from("PK") });
  await budi.button("Send").click();
  await budi.page.getByText("plan.docx").first().waitFor();
  await ana.button("Handed in").click();
  await page.getByRole("rowheader", { name: "joko" }).getByRole("button").click();
  const desk = page.getByRole("region", { name: "Desk" });
  await desk.locator(".viewer-picture img").waitFor();
  await desk.getByText("This kind of file can't be shown here.").waitFor();
  await desk.getByRole("button", { name: "Save plan.docx" }).waitFor();
  await picture(ana, "desk-photo");
  await page.keyboard.press("w");
  const canvas = desk.locator("canvas");
  await canvas.waitFor();
  const send = desk.getByRole("button", { name: "Send back" });
  expect(await send.isDisabled()).toBe(true);
  const box = await canvas.boundingBox();
  if (box === null) throw new Error("the canvas has no place");
  const stroke = async (y: number) => {
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * y, { steps: 8 });
    await page.mouse.up();
  };
  await desk.getByRole("button", { name: "Blue pen" }).click();
  await stroke(0.5);
  await stroke(0.75);
  await page.keyboard.press("Control+z");
  // Two fingers enlarge the photo, and leave no line on it.
  const devtools = await ana.context.newCDPSession(page);
  const fingers = (type: "touchStart" | "touchMove" | "touchEnd", apart: number) => {
    const y = box.y + box.height / 2;
    const at = (x: number) => ({ x: box.x + box.width / 2 + x, y });
    const touchPoints = type === "touchEnd" ? [] : [at(-apart), at(apart)];
    return devtools.send("Input.dispatchTouchEvent", { type, touchPoints });
  };
  const scale = () =>
    page.evaluate<number>(`new DOMMatrix(
    getComputedStyle(document.querySelector(".desk-canvas canvas")).transform).a`);
  await fingers("touchStart", 40);
  await fingers("touchMove", 60);
  await fingers("touchMove", 80);
  await fingers("touchEnd", 0);
  expect(await scale()).toBeCloseTo(2, 1);
  await fingers("touchStart", 80);
  await fingers("touchMove", 40);
  await fingers("touchEnd", 0);
  expect(await scale()).toBe(1);
  await desk.getByRole("button", { name: "Press on the photo: Well done" }).click();
  await page.mouse.click(box.x + box.width * 0.8, box.y + box.height * 0.2);
  await desk.getByRole("button", { name: "Press on the photo: Well done" }).click();
  await expectAccessible(ana, "light", "drawing on a photo");
  await picture(ana, "desk-drawing");
  await page.keyboard.press("Escape");
  const ask = ana.dialog("Discard the drawing?");
  await ask.getByText("What you have drawn is not sent.").waitFor();
  await page.keyboard.press("Escape");
  await ask.waitFor({ state: "detached" });
  await send.click();
  await canvas.waitFor({ state: "detached" });
  const returned = budi.page
    .locator("article", { hasText: "drum-corrected.jpg" })
    .or(budi.page.getByRole("img", { name: /drum-corrected\.jpg/ }));
  await returned.first().waitFor();
  const colours = await budi.page.evaluate<number[][]>(`(async () => {
    const image = [...document.images].find(({ alt }) => alt.includes("drum-corrected.jpg"));
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = 60;
    canvas.height = 40;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, 60, 40);
    return [20, 30].map((y) => [...context.getImageData(30, y, 1, 1).data]);
  })()`);
  const [drawn = [], taken = []] = colours;
  expect((drawn[2] ?? 0) - (drawn[0] ?? 0)).toBeGreaterThan(10);
  expect(Math.abs((taken[2] ?? 0) - (taken[0] ?? 0))).toBeLessThan(5);
  await picture(budi, "returned-photo");
});
