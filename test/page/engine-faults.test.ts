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

const NO_STORAGE = `IDBFactory.prototype.open = () => {
  throw new DOMException("The operation is insecure.", "SecurityError");
};`;

pageTest("asks for a password where the browser stores nothing, and says why", async () => {
  await using kim = await server.visit({ initScript: NO_STORAGE });
  const password = "correct horse battery";
  await kim.page.locator("#enter-name").fill("kim");
  await kim.button("Continue").click();
  await kim.page.locator("#enter-password[aria-invalid=true]").waitFor();
  await kim.logIn("kim", { password });
  await kim.page.getByText(/need your password to sign in again/).waitFor();
  await kim.page.reload();
  await kim.submitLogin("kim", { password });
  await kim.composer.waitFor();
});

function paste({ page }: Visit, text: string, fileName: string): Promise<boolean> {
  return page.evaluate<boolean>(`(() => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", ${JSON.stringify(text)});
    clipboardData.items.add(new File(["x"], ${JSON.stringify(fileName)}));
    const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    return document.querySelector(".composer textarea").dispatchEvent(event);
  })()`);
}

pageTest("attaches a file that was copied in a file manager, which adds its name", async () => {
  await using gil = await server.logIn("gil");
  expect(await paste(gil, "report.pdf", "report.pdf")).toBe(false);
  await gil.attachments.getByText("report.pdf").waitFor();
});

pageTest("puts what is typed after a click on a message into the field", async () => {
  await using hana = await server.logIn("hana");
  await hana.createRoom("reading");
  await hana.send("a message to read");
  for (const text of ["isn't it/so", "'tis fine", "hello"]) {
    await hana.message("a message to read").click();
    await hana.page.keyboard.type(text);
    expect(await hana.composer.inputValue()).toBe(text);
    await hana.composer.fill("");
  }
});

pageTest("shows the user's own message below new ones, also without the focus", async () => {
  await using ira = await server.logIn("ira", { initScript: "document.hasFocus = () => false;" });
  const jo = await server.headlessUser("jo");
  for (let i = 1; i <= 40; i++) await jo.post(`line ${i}`);
  await ira.waitForMessage("line 40");
  await ira.page.getByText("New messages").first().waitFor();
  await ira.send("my own answer");
  await ira.waitUntilSent();
  await until("it is in view", () =>
    ira.page.evaluate<boolean>(`(() => {
      const all = [...document.querySelectorAll("article.message")];
      const own = all.find((each) => each.textContent.includes("my own answer"));
      const list = own?.closest(".list")?.getBoundingClientRect();
      return own !== undefined && own.getBoundingClientRect().bottom <= list.bottom + 1;
    })()`),
  );
});
