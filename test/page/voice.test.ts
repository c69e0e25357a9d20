import { expect } from "bun:test";
import { pageTest, sharedBrowser } from "./browser.ts";
import { PageServer } from "./page-server.ts";

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

pageTest("records a voice message, plays it before sending, and sends it", async () => {
  await using ana = await server.logIn("ana", { initScript: ASKED });
  await ana.button("Record voice message").click();
  const recorder = ana.page.getByRole("group", { name: "Record voice message" });
  const stop = recorder.getByRole("button", { name: "Stop" });
  await stop.waitFor();
  expect(await stop.isDisabled()).toBe(true);
  await ana.page.evaluate("allowMicrophone()");
  await recorder.locator(".record-time").getByText("0:01").waitFor();
  await stop.click();
  const draft = ana.page.getByRole("group", { name: "Voice message", exact: true });
  await draft.locator("audio").waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await draft.getByRole("button", { name: "Send" }).click();
  await ana.page
    .locator("article .file-name")
    .getByText(/^voice-message-.*\.weba$/)
    .waitFor();
  await ana.composer.waitFor();
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

pageTest("says how to allow the microphone", async () => {
  const refused = `if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = () =>
    Promise.reject(new DOMException("refused", "NotAllowedError"))`;
  await using dan = await server.logIn("dan", { initScript: refused });
  await dan.button("Record voice message").click();
  await dan.page.locator(".toast").getByText("Allow this page to use the microphone").waitFor();
  await dan.composer.waitFor();
});
