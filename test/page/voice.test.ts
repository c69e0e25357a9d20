import { expect } from "bun:test";
import type { Locator } from "playwright-core";
import { pageTest, sharedBrowser } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const FAKE_MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
const server = new PageServer({}, sharedBrowser(FAKE_MICROPHONE));

/** Holds the microphone back until `allowMicrophone()`, as the question of a browser does. */
const ASKED = `{
  const devices = navigator.mediaDevices;
  const open = devices?.getUserMedia.bind(devices);
  if (open) devices.getUserMedia = async (wanted) => {
    await new Promise((resolve) => { globalThis.allowMicrophone = resolve; });
    return await open(wanted);
  };
}`;

function voiceOf({ page }: Visit, name: string): Locator {
  return page.getByRole("group", { name: new RegExp(`^Voice message of ${name}, 0:0\\d$`) });
}

async function recordOne(user: Visit): Promise<void> {
  await user.button("Record voice message").press("Enter");
  const recorder = user.page.getByRole("group", { name: "Record voice message" });
  await recorder.locator(".record-time").getByText("0:01").waitFor();
  await recorder.getByRole("button", { name: "Stop" }).click();
  await user.page.getByRole("button", { name: "Play", exact: true }).waitFor();
}

pageTest("records a voice message, plays it before sending, and sends it", async () => {
  await using ana = await server.logIn("ana", { initScript: ASKED });
  await ana.button("Record voice message").click();
  const recorder = ana.page.getByRole("group", { name: "Record voice message" });
  const stop = recorder.getByRole("button", { name: "Stop" });
  await stop.waitFor();
  expect(await stop.getAttribute("aria-disabled")).toBe("true");
  await ana.page.evaluate("allowMicrophone()");
  await recorder.locator(".record-time").getByText("0:01").waitFor();
  await stop.click();
  const draft = ana.page.getByRole("group", { name: "Voice message", exact: true });
  await draft.getByRole("button", { name: "Play" }).click();
  await draft.getByRole("button", { name: "Pause" }).waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await draft.getByRole("button", { name: "Send" }).click();
  await voiceOf(ana, "ana").waitFor();
  await ana.composer.waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
});

pageTest("plays voice messages in a row, at a chosen speed and from a chosen place", async () => {
  await using eve = await server.logIn("eve");
  await eve.createRoom("studio");
  for (const count of [1, 2]) {
    await recordOne(eve);
    await eve.page.getByRole("button", { name: "Send", exact: true }).first().click();
    await voiceOf(eve, "eve")
      .nth(count - 1)
      .waitFor();
  }
  const [first, second] = [voiceOf(eve, "eve").first(), voiceOf(eve, "eve").nth(1)];
  const place = first.getByRole("slider", { name: "Position" });
  expect(Number(await place.getAttribute("max"))).toBeWithin(0.9, 3);
  expect(await first.locator(".voice-wave path").count()).toBe(2);
  await place.fill("0.8");
  expect(await place.inputValue()).toBe("0.8");
  await first.getByRole("button", { name: "Play voice message of eve" }).click();
  await first.getByRole("button", { name: "Speed 1", exact: true }).click();
  await first.getByRole("button", { name: "Speed 1.5" }).waitFor();
  await second.getByRole("button", { name: "Pause voice message of eve" }).waitFor();
  await second.getByRole("button", { name: "Speed 1.5" }).waitFor();
  await first.getByRole("button", { name: "Play voice message of eve" }).waitFor();
});

pageTest("records while the button is held, and cancels when it is dragged away", async () => {
  await using finn = await server.logIn("finn");
  const recorder = finn.page.getByRole("group", { name: "Record voice message" });
  const press = async () => {
    await finn.button("Record voice message").hover();
    await finn.page.mouse.down();
    await recorder.locator(".record-time").getByText("0:01").waitFor();
  };
  await press();
  await recorder.getByText("Slide to cancel").waitFor();
  await finn.page.mouse.up();
  const draft = finn.page.getByRole("group", { name: "Voice message", exact: true });
  await draft.getByRole("button", { name: "Discard voice message" }).click();
  await press();
  await finn.page.mouse.move(200, 400);
  await finn.composer.waitFor();
  await finn.page.mouse.up();
  expect(await draft.count()).toBe(0);
});

pageTest("records, listens and sends by Enter alone, and Escape keeps what was said", async () => {
  await using dora = await server.logIn("dora", { initScript: ASKED });
  const { page } = dora;
  const { keyboard } = page;
  const start = async () => {
    await dora.button("Record voice message").focus();
    await keyboard.press("Enter");
    await page.locator(".record button:focus", { hasText: "Stop" }).waitFor();
    await page.evaluate("allowMicrophone()");
    await page.locator(".record-time").getByText("0:01").waitFor();
  };
  await start();
  await keyboard.press("Enter");
  await page.locator(".record.is-draft .send-button:focus").waitFor();
  await keyboard.press("Enter");
  await voiceOf(dora, "dora").waitFor();
  await page.locator(".composer textarea:focus").waitFor();

  await start();
  await keyboard.press("Escape");
  await page.locator(".record.is-draft .send-button:focus").waitFor();
  await keyboard.press("Escape");
  await page.locator(".attachment").waitFor();
  await page.locator(".composer textarea:focus").waitFor();

  await page.getByRole("button", { name: "Remove", exact: false }).first().press("Enter");
  await dora.button("Record voice message").focus();
  await keyboard.press("Enter");
  await page.locator(".record button:focus", { hasText: "Stop" }).waitFor();
  await keyboard.press("Escape");
  await page.locator(".composer textarea:focus").waitFor();
});

pageTest("discards a voice message", async () => {
  await using ben = await server.logIn("ben");
  await ben.button("Record voice message").click();
  const recorder = ben.page.getByRole("group", { name: "Record voice message" });
  await recorder.getByRole("button", { name: "Cancel" }).click();
  await ben.composer.waitFor();
  expect(await ben.page.locator(".is-own .file-name, .attachment").count()).toBe(0);
});

pageTest("keeps a recording when the user leaves the room", async () => {
  await using cleo = await server.logIn("cleo");
  await cleo.createRoom("attic");
  await cleo.button("Record voice message").click();
  const recorder = cleo.page.getByRole("group", { name: "Record voice message" });
  await recorder.locator(".record-time").getByText("0:01").waitFor();
  await cleo.room("lobby").click();
  await cleo.heading("#lobby").waitFor();
  await cleo.room("attic").click();
  await cleo.attachments.getByText(/^voice-message-/).waitFor();
});

pageTest("keeps a recording that was not yet sent when the user leaves the room", async () => {
  await using gil = await server.logIn("gil");
  await gil.createRoom("cellar");
  await recordOne(gil);
  await gil.room("lobby").click();
  await gil.heading("#lobby").waitFor();
  await gil.room("cellar").click();
  await gil.attachments.getByText(/^voice-message-/).waitFor();
});

pageTest("keeps what was recorded when the microphone is pulled out", async () => {
  const pullable = `{
    const devices = navigator.mediaDevices;
    const open = devices?.getUserMedia.bind(devices);
    if (open) devices.getUserMedia = async (wanted) => {
      const stream = await open(wanted);
      globalThis.pullMicrophone = () => stream.getTracks()[0].stop();
      return stream;
    };
  }`;
  await using hana = await server.logIn("hana", { initScript: pullable });
  await hana.button("Record voice message").press("Enter");
  await hana.page.locator(".record-time").getByText("0:01").waitFor();
  await hana.page.evaluate("pullMicrophone()");
  await hana.page.getByRole("button", { name: "Play", exact: true }).waitFor();
});

pageTest("says how to allow the microphone", async () => {
  const refused = `if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = () =>
    Promise.reject(new DOMException("refused", "NotAllowedError"))`;
  await using dan = await server.logIn("dan", { initScript: refused });
  await dan.button("Record voice message").click();
  await dan.page.locator(".toast").getByText("Allow this page to use the microphone").waitFor();
  await dan.composer.waitFor();
});
