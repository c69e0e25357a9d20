/** Entry point of the page. */

import { createRoot } from "preact/compat/client";
import { languageFor } from "../ui/messages/languages.ts";
import { browserPlatform } from "./browser/browser.ts";
import { loadTexts } from "./browser/texts.ts";
import { openChat } from "./driver/chat.ts";
import type { LazyCode } from "./driver/chat-core.ts";
import type { OpenAuditor } from "./driver/lazy-auditor.ts";
import type { FolderPage } from "./driver/share.ts";
import { App } from "./view/app.tsx";
import { readSettings } from "./view/shell/settings.ts";

const language = readSettings().language ?? languageFor(navigator.languages);
const container = document.getElementById("page");
const root = container === null ? undefined : createRoot(container);

const loadAfterLogin = async () => (await import("./view/after-login.ts")).AFTER_LOGIN;
const transfers = async () => (await loadAfterLogin()).openTransfers;

async function startShare(): Promise<void> {
  const [platform, texts, { openShare }] = await Promise.all([
    browserPlatform(undefined, "nothing"),
    loadTexts(language),
    import("./view/share.tsx"),
  ]);
  root?.render(
    await openShare({ platform, page: globalThis as FolderPage, lazyCode: { transfers } }, texts),
  );
}

async function loadAuditor(): Promise<OpenAuditor> {
  const { alarmingAuditor } = await loadAfterLogin();
  return alarmingAuditor((view) => {
    const alarmRoot = document.createElement("div");
    container?.before(alarmRoot);
    createRoot(alarmRoot).render(view);
  });
}

const LAZY_CODE: LazyCode = {
  auditor: loadAuditor,
  transfers,
  sealed: async () => (await import("./view/sealed-module.ts")).SEALED_PART,
};

async function startChat(): Promise<void> {
  const opened = browserPlatform().then((platform) => openChat(platform, LAZY_CODE));
  const [chat, texts] = await Promise.all([opened, loadTexts(language)]);
  root?.render(<App chat={chat} texts={texts} />);
  // Phones can end hidden pages without a `pagehide` event, so also store drafts on hiding.
  addEventListener("pagehide", () => chat.storeDraftsNow());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) chat.storeDraftsNow();
  });
  addEventListener("beforeunload", (event) => {
    if (chat.hasUnsent || chat.attached.isLossy) event.preventDefault();
  });
}

await (document.documentElement.dataset["share"] === undefined ? startChat() : startShare());
