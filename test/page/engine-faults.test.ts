import { expect } from "bun:test";
import type { Locator } from "playwright-core";
import { until } from "../event.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const FAKE_MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
const server = new PageServer({}, sharedBrowser(FAKE_MICROPHONE));

const SILENT_DECODER = `{
  OfflineAudioContext.prototype.decodeAudioData = () => new Promise(() => {});
}`;
const REJECTING_DECODER = `{
  OfflineAudioContext.prototype.decodeAudioData = () => Promise.reject(null);
}`;
const EMPTY_RECORDER = `{
  const property = Object.getOwnPropertyDescriptor(MediaRecorder.prototype, "ondataavailable");
  Object.defineProperty(MediaRecorder.prototype, "ondataavailable", { ...property, set(listener) {
    property.set.call(this, () => listener.call(this, { data: new Blob() }));
  } });
}`;
/** Reports neither its last data nor that it has stopped. */
const SILENT_RECORDER = `{
  const property = Object.getOwnPropertyDescriptor(MediaRecorder.prototype, "onstop");
  Object.defineProperty(MediaRecorder.prototype, "onstop", { ...property, set() {} });
}`;

function recorderOf({ page }: Visit): Locator {
  return page.getByRole("group", { name: "Record voice message" });
}

async function record(user: Visit): Promise<void> {
  await user.button("Record voice message").click();
  await recorderOf(user).locator(".record-time").getByText("0:01").waitFor();
}

function voicesOf({ page }: Visit, name: string): Locator {
  return page.getByRole("group", { name: new RegExp(`^Voice message of ${name}, 0:0[1-9]$`) });
}

for (const [name, user, initScript] of [
  ["does not answer", "ana", SILENT_DECODER],
  ["rejects with nothing", "ben", REJECTING_DECODER],
] as const) {
  pageTest(`sends a voice message with its length if the decoder ${name}`, async () => {
    await using speaker = await server.logIn(user, { initScript });
    await record(speaker);
    await recorderOf(speaker).getByRole("button", { name: "Stop" }).click();
    const draft = speaker.page.getByRole("group", { name: "Voice message", exact: true });
    await draft.getByRole("button", { name: "Play" }).waitFor();
    await draft.getByRole("button", { name: "Send" }).click();
    await voicesOf(speaker, user).waitFor();
  });
}

pageTest("says that nothing was recorded, and sends nothing", async () => {
  await using carl = await server.logIn("carl", { initScript: EMPTY_RECORDER });
  await record(carl);
  await recorderOf(carl).getByRole("button", { name: "Stop" }).click();
  await carl.page.getByText(/^Nothing was recorded/).waitFor();
  await carl.composer.waitFor();
  expect(await carl.file("voice-message").count()).toBe(0);
});

pageTest("sends a voice message whose recorder does not say that it has stopped", async () => {
  await using dora = await server.logIn("dora", { initScript: SILENT_RECORDER });
  await record(dora);
  await recorderOf(dora).getByRole("button", { name: "Stop" }).click();
  await dora.button("Send").first().click();
  await voicesOf(dora, "dora").waitFor();
});

pageTest("sends once if Send follows Stop at any speed", async () => {
  await using eva = await server.logIn("eva");
  await eva.createRoom("quick");
  for (const delayMs of [0, 60, 150, 400]) {
    await record(eva);
    await eva.page.evaluate(`new Promise((resolve) => {
      const press = (label) => {
        const buttons = [...document.querySelectorAll(".record button")];
        buttons.find((each) => (each.ariaLabel ?? each.textContent) === label)?.click();
      };
      press("Stop");
      setTimeout(() => { press("Send"); resolve(); }, ${delayMs});
    })`);
    await eva.composer.waitFor();
  }
  await until("all are sent", async () => (await voicesOf(eva, "eva").count()) === 4);
  expect(await eva.file("voice-message").count()).toBe(0);
});

const HELD_CHANNEL = `{
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (bytes) {
    if (!globalThis.isHeld || bytes.byteLength < 1_000) send.call(this, bytes);
  };
}`;

pageTest("sends a voice message after a reload that interrupted its upload", async () => {
  await using finn = await server.logIn("finn", { initScript: HELD_CHANNEL });
  await record(finn);
  await recorderOf(finn).getByRole("button", { name: "Stop" }).click();
  await finn.page.evaluate("isHeld = true");
  await finn.button("Send").first().click();
  await finn.composer.waitFor();
  await finn.page
    .getByText(/^voice-message-/)
    .first()
    .waitFor();
  await finn.reload();
  await voicesOf(finn, "finn").waitFor();
});
