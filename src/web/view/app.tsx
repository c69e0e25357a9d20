/** The root component: login form, chat or dashboard, with dialogs and toasts. */

import { Fragment, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Fault } from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";
import type { Texts } from "../../ui/messages/en/first.ts";
import { languageFor } from "../../ui/messages/languages.ts";
import { briefText } from "../../ui/text/event-text.ts";
import { faultText } from "../../ui/text/fault-text.ts";
import { localeFor, timesIn } from "../../ui/text/times.ts";
import { loadTexts } from "../browser/texts.ts";
import type { Chat } from "../driver/chat.ts";
import { useNoStrayDrops } from "./files/drop-zone.tsx";
import { Login } from "./login/login.tsx";
import { ChatPage } from "./room/chat-page.tsx";
import { Banners } from "./shell/banners.tsx";
import { PageContext, type PageValue, useModel, usePage } from "./shell/context.tsx";
import { listen, whenSettled } from "./shell/effects.ts";
import { dialogOpener, LazyPart, PartsLoader, usePrefetch } from "./shell/lazy.tsx";
import { keepSettings, readSettings, type Settings } from "./shell/settings.ts";
import { ToastQueue } from "./shell/toast-queue.ts";
import { Toasts, useModelFaults } from "./shell/toasts.tsx";

interface Shown {
  readonly id: number;
  readonly render: (close: () => void) => ReactNode;
}

/** Applies language and theme to the whole document. */
function useLook(settings: Settings, lang: string): void {
  useEffect(() => {
    const root = document.documentElement;
    root.lang = lang;
    if (settings.theme === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = settings.theme;
  }, [settings.theme, lang]);
}

/** Reports focus and visibility to the model, which only then marks messages as read. */
function useFocus(chat: Chat): void {
  useEffect(() => {
    const report = () =>
      chat.setFocus(document.visibilityState === "visible" && document.hasFocus());
    report();
    const ends = [
      listen(window, "focus blur", report),
      listen(document, "visibilitychange", report),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [chat]);
}

/** Shows notifications with sounds for mentions and direct messages, if enabled. */
function useNotifications(): void {
  const page = usePage();
  const latest = useRef(page);
  latest.current = page;
  const { chat } = page;
  useEffect(
    () =>
      chat.onEvent((told) => {
        const { settings, texts, times, notify, fail, lazy } = latest.current;
        if (told.kind === "came-anew") notify(texts.cameAnew(told.reason));
        if (told.kind === "sealed-remark") notify(texts.sealedRemark);
        if (told.kind === "identity-changed") notify(texts.keyChanged(cleanText(told.user)));
        if (told.kind !== "notify") return;
        const { target, item, why } = told;
        if (why === "put-out") notify(texts.putOut(cleanText(item.from ?? ""), cleanText(target)));
        // Silent if the sound cannot be loaded, or may not play before a click.
        if (settings.sounds)
          lazy
            .fetch()
            .then(({ playSound }) => playSound())
            .catch(() => {});
        if (!settings.notifies || !("Notification" in window)) return;
        const title = texts.notified(cleanText(item.from ?? ""), cleanText(target));
        const body = briefText(item, texts, times);
        const about = { body, tag: `${target} ${item.seq}`, data: { at: target } };
        try {
          const shown = new Notification(title, about);
          shown.onclick = () => {
            window.focus();
            chat.open(target);
          };
        } catch {
          // Phones support only notifications of a service worker, which exists if pushes are
          // enabled.
          const { serviceWorker } = navigator as Partial<Navigator>;
          serviceWorker?.getRegistration().then((one) => one?.showNotification(title, about), fail);
        }
      }),
    [chat],
  );
}

/**
 * Whether this account is an operator; requested, since no event reports it.
 * @param isShown the operator token was presented: ask again
 */
function useOperator(isOnline: boolean, me: string | undefined, isShown: boolean): boolean {
  const { chat } = usePage();
  const [isOperator, setOperator] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the answer may be another one then
  useEffect(() => {
    if (!isOnline || me === undefined) return;
    return whenSettled(
      chat.request("stats", {}),
      () => setOperator(true),
      (error) => {
        if (error instanceof Fault && error.code === "not-allowed") setOperator(false);
      },
    );
  }, [chat, isOnline, me, isShown]);
  return isOperator && me !== undefined;
}

/** Clears the route after a logout: the next user starts in the lobby. */
function useBareAddress(me: string | undefined): void {
  const before = useRef(me);
  useEffect(() => {
    if (before.current !== undefined && me !== before.current) {
      history.replaceState(null, "", location.pathname);
    }
    before.current = me;
  }, [me]);
}

function Screen() {
  const model = useModel();
  const [isDashboard, setDashboard] = useState(false);
  const isOperator = useOperator(model.connection.kind === "online", model.me, model.isOperator);
  useNotifications();
  useModelFaults();
  usePrefetch(model.isCaughtUp);
  const { me } = model;
  const openDashboard = useCallback(() => setDashboard(true), []);
  useBareAddress(me);
  if (me === undefined) return <Login />;
  if (isDashboard && isOperator) {
    return <LazyPart part="Dashboard" onClose={() => setDashboard(false)} />;
  }
  return <ChatPage key={me} model={model} isOperator={isOperator} onDashboard={openDashboard} />;
}

const TOAST_CLOCK = {
  now: () => performance.now(),
  after: (delayMs: number, callback: () => void) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Functions for dialogs and toasts; the object is stable while nothing changes. */
function useShown() {
  const nextId = useRef(1);
  const [shown, setShown] = useState<readonly Shown[]>([]);
  const [said, setSaid] = useState("");
  const show = useCallback((render: Shown["render"]) => {
    const id = nextId.current++;
    setShown((before) => [...before, { id, render }]);
  }, []);
  const close = useCallback((id: number) => {
    setShown((before) => before.filter((one) => one.id !== id));
  }, []);
  return { shown, said, show, close, say: setSaid };
}

/** Texts of the chosen language, once they are loaded. */
function useWords(language: string | undefined, words: Texts): Texts {
  const [texts, setTexts] = useState(words);
  // If loading fails, the page keeps its current language.
  useEffect(
    () => whenSettled(loadTexts(language ?? languageFor(navigator.languages)), setTexts),
    [language],
  );
  return texts;
}

/**
 * Loads a module. Chromium (150) caches a failed import until the page is reloaded; another URL,
 * which the server answers with the same bytes, retries.
 */
async function fetched<Part>(file: RegExp, load: () => Promise<Part>): Promise<Part> {
  try {
    return await load();
  } catch (cause) {
    const asked = performance.getEntriesByType("resource").map(({ name }) => name);
    const address = asked.find((url) => file.test(url));
    if (address === undefined) throw cause;
    return await import(`${address}?again=${Math.round(performance.now())}`);
  }
}

const loadParts = async () =>
  (await fetched(/\/lazy-module-[^/?]*\.js$/, () => import("./lazy-module.tsx"))).PARTS;

const loadEmoji = () => fetched(/\/emoji-[^/?]*\.js$/, () => import("../../ui/text/emoji.ts"));

export interface AppProps {
  readonly chat: Chat;
  /** Texts of the initial language. */
  readonly texts: Texts;
}

export function App({ chat, texts: words }: AppProps) {
  const [settings, setSettings] = useState(readSettings);
  const [previews] = useState({});
  const [lazy] = useState(() => new PartsLoader(loadParts));
  const [emoji] = useState(() => new PartsLoader(loadEmoji));
  const { shown, said, show, close, say } = useShown();
  const [toasts] = useState(() => new ToastQueue(TOAST_CLOCK));
  const change = useCallback((some: Partial<Settings>) => {
    setSettings((before) => {
      const after = { ...before, ...some };
      keepSettings(after);
      return after;
    });
  }, []);
  const texts = useWords(settings.language, words);
  const times = useMemo(() => {
    const { locale } = new Intl.DateTimeFormat().resolvedOptions();
    return timesIn(texts, localeFor(texts.lang, [locale, ...navigator.languages]));
  }, [texts]);
  useLook(settings, texts.lang);
  useFocus(chat);
  useNoStrayDrops();
  const page: PageValue = useMemo(() => {
    const notify = (text: string) => toasts.show(text, false);
    const fail = (error: unknown) => toasts.show(faultText(error, texts), true);
    const openDialog = dialogOpener(show);
    const shared = { chat, texts, times, previews, lazy, emoji, settings, change, show, say };
    return { ...shared, toasts, notify, fail, openDialog };
  }, [chat, texts, times, previews, lazy, emoji, settings, change, show, say, toasts]);
  return (
    <PageContext value={page}>
      <Banners />
      <Screen />
      <Toasts level="page" />
      <div className="sr-only" role="status" aria-live="polite">
        {said}
      </div>
      {shown.map(({ id, render }) => (
        <Fragment key={id}>{render(() => close(id))}</Fragment>
      ))}
    </PageContext>
  );
}
