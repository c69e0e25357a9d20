/** Entry point of the page. */

import { type ComponentChild, render } from "preact";
import { createRoot } from "preact/compat/client";
import type { ReactNode } from "react";
import { PROTOTYPES } from "../base/display-names.ts";
import { asFault, Fault } from "../base/fault.ts";
import { ifPossible } from "../io/promises.ts";
import { ENGLISH_START } from "../ui/messages/en/start.ts";
import { languageFor } from "../ui/messages/languages.ts";
import { PageFault } from "../ui/text/fault-text.ts";
import { browserPlatform } from "./browser/browser.ts";
import { addMissingCurves } from "./browser/curve-support.ts";
import { addNewerMethods } from "./browser/newer-features.ts";
import { withFetchFault } from "./browser/parts.ts";
import { SLOW_STORE_MS } from "./browser/store-watch.ts";
import { loadStartTexts, loadTexts } from "./browser/texts.ts";
import { openPageClient, type PageClient, type PageClientOptions } from "./driver/page-client.ts";
import type { FolderPage } from "./driver/share.ts";
import { Photos } from "./transfer/photos.ts";
import type { ScalePicture } from "./transfer/previews.ts";
import { Alarm } from "./view/alarm.tsx";
import { App } from "./view/app.tsx";
import { forgetTraces } from "./view/attention/forgetting.ts";
import chatSheet from "./view/chat.css" with { type: "file" };
import { OlderPage } from "./view/older-page.tsx";
import { readSettings } from "./view/shell/settings.ts";
import { addStyleSheet } from "./view/shell/style-sheet.ts";
import { FaultGuard, StartFault } from "./view/start-fault.tsx";

const language = readSettings().language ?? languageFor(navigator.languages);
const container = document.getElementById("page");

/** Takes over the elements of the document, which `createRoot` would remove with what was typed. */
function takeOver(page: ReactNode): void {
  if (container !== null) render(page as ComponentChild, container);
}

function replaceBy(page: ReactNode): void {
  container?.replaceChildren();
  takeOver(page);
}

const shareModule = withFetchFault(() => import("./view/share.tsx"));

async function startShare(): Promise<void> {
  const [platform, texts, { openShare }] = await Promise.all([
    browserPlatform(undefined, "nothing"),
    loadTexts(language),
    shareModule(),
    withFetchFault(() => addStyleSheet(chatSheet))(),
  ]);
  replaceBy(await openShare({ platform, page: globalThis as FolderPage }, texts));
}

const sealedModule = withFetchFault(() => import("./view/sealed-module.ts"));

const OPTIONS: PageClientOptions = {
  onAlarm: (alarm, accept) => {
    const alarmRoot = document.createElement("div");
    container?.before(alarmRoot);
    // The language may have changed since the start.
    void loadStartTexts(readSettings().language ?? language).then((texts) =>
      createRoot(alarmRoot).render(<Alarm alarm={alarm} accept={accept} texts={texts} />),
    );
  },
  forgetTraces,
  sealed: async () => (await sealedModule()).SEALED_PART,
};

const scaleModule = withFetchFault(() => import("./view/files/scale.ts"));
const scaleLater: ScalePicture = async (...picture) => {
  const { scalePicture } = await scaleModule();
  return await scalePicture(...picture);
};

/** Shows in the document that the page waits for the browser's storage. */
async function showSlowStorage(): Promise<void> {
  const { storageSlow } = await loadStartTexts(language);
  const line = document.querySelector(".is-first > .is-loading");
  line?.replaceChildren(storageSlow);
  line?.setAttribute("role", "status");
  line?.classList.add("is-waiting");
}

async function startChat(): Promise<void> {
  const ready = Promise.all([browserPlatform(), addMissingCurves(globalThis.crypto.subtle)]);
  const opened = ready.then(([platform]) => {
    return openPageClient(platform, { ...OPTIONS, photos: new Photos(scaleLater) });
  });
  const slow = setTimeout(() => void ifPossible(showSlowStorage()), SLOW_STORE_MS);
  const answered = opened.catch(asFault).finally(() => clearTimeout(slow));
  const [chat, texts] = await Promise.all([answered, loadStartTexts(language)]);
  if (chat instanceof Fault && chat.code === "version-unsupported") {
    replaceBy(<OlderPage texts={texts} />);
    return;
  }
  if (chat instanceof Fault) throw chat;
  takeOver(
    <FaultGuard texts={texts}>
      <App chat={chat} texts={texts} />
    </FaultGuard>,
  );
  watchEnd(chat);
  // Refuses and finds display names of other alphabets. The server has checked them already.
  const table = await ifPossible(import("../base/confusables.ts"));
  PROTOTYPES.load(table?.CONFUSABLES ?? "");
}

function watchEnd(chat: PageClient): void {
  // Phones can end hidden pages without a `pagehide` event, so also store drafts on hiding.
  addEventListener("pagehide", () => chat.storeDraftsNow());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) chat.storeDraftsNow();
  });
  addEventListener("beforeunload", (event) => {
    if (chat.isLossy) event.preventDefault();
  });
}

async function start(): Promise<void> {
  if (document.documentElement.dataset["old"] !== undefined) return;
  try {
    await addNewerMethods();
    await (document.documentElement.dataset["share"] === undefined ? startChat() : startShare());
  } catch (error) {
    // Texts that could not be fetched would be waited for once more.
    const canLoad = !(error instanceof PageFault);
    const texts = await loadStartTexts(canLoad ? language : "en").catch(() => ENGLISH_START);
    replaceBy(<StartFault error={error} texts={texts} />);
    reportError(error);
  }
}

await start();
