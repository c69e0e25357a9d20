/** Entry point of the page. */

import { createRoot } from "preact/compat/client";
import { languageFor } from "../ui/messages/languages.ts";
import { browserPlatform } from "./browser/browser.ts";
import { loadTexts } from "./browser/texts.ts";
import type { OpenAuditor } from "./driver/auditing.ts";
import { openChat } from "./driver/chat.ts";
import type { FolderPage } from "./driver/share.ts";
import type { LaterCode } from "./driver/store-driver.ts";
import { App } from "./view/app.tsx";
import { readSettings } from "./view/shell/settings.ts";

const language = readSettings().language ?? languageFor(navigator.languages);
const place = document.getElementById("page");
const root = place === null ? undefined : createRoot(place);

const loadEntered = async () => (await import("./view/entered.ts")).ENTERED;
const transfers = async () => (await loadEntered()).openTransfers;

/**
 * Starts the page of `chat share`, which the server marks in the HTML. Its code is loaded only
 * there.
 */
async function beginShare(): Promise<void> {
  const [platform, texts, { openShare }] = await Promise.all([
    browserPlatform(undefined, "nothing"),
    loadTexts(language),
    import("./view/share.tsx"),
  ]);
  root?.render(
    await openShare({ platform, page: globalThis as FolderPage, later: { transfers } }, texts),
  );
}

async function loadAuditor(): Promise<OpenAuditor> {
  const { alarmingAuditor } = await loadEntered();
  return alarmingAuditor((view) => {
    const above = document.createElement("div");
    place?.before(above);
    createRoot(above).render(view);
  });
}

const LATER: LaterCode = {
  auditor: loadAuditor,
  transfers,
  sealed: async () => (await import("./view/sealed-part.ts")).SEALED_PART,
};

async function beginChat(): Promise<void> {
  const opened = browserPlatform().then((platform) => openChat(platform, LATER));
  const [chat, words] = await Promise.all([opened, loadTexts(language)]);
  root?.render(<App chat={chat} words={words} />);
  // Phones end hidden pages without a `pagehide` event.
  addEventListener("pagehide", () => chat.keepLastDrafts());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) chat.keepLastDrafts();
  });
  // Closing would lose unsent data if the browser stores nothing.
  addEventListener("beforeunload", (event) => {
    if (chat.hasUnsent || chat.attached.isLossy) event.preventDefault();
  });
}

await (document.documentElement.dataset["share"] === undefined ? beginChat() : beginShare());
