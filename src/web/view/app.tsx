/** The root component: login form, chat or dashboard, with dialogs and toasts. */

import {
  type ComponentType,
  createElement,
  Fragment,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { ifPossible } from "../../io/promises.ts";
import { KNOWN_KEY } from "../../ui/local-keys.ts";
import type { Texts } from "../../ui/messages/en/page.ts";
import type { StartTexts } from "../../ui/messages/en/start.ts";
import { type Language, languageFor } from "../../ui/messages/languages.ts";
import { faultText } from "../../ui/text/fault-text.ts";
import { localeFor, timesIn } from "../../ui/text/times.ts";
import { loadTexts } from "../browser/texts.ts";
import type { PageClient, PageEvent } from "../driver/page-client.ts";
import { attempt } from "../input/attempt.ts";
import { KeyGuard } from "../input/keys.ts";
import { Layers } from "../input/layers.ts";
import { TRUST_HASH } from "../input/route.ts";
import type { Notifier, ShownBy } from "./attention/notifications.ts";
import chatSheet from "./chat.css" with { type: "file" };
import { useNoStrayDrops } from "./files/stray-drops.ts";
import { SignIn } from "./login/login.tsx";
import { Announced, AnnouncerProvider, useAnnounce, useAnnouncer } from "./shell/announced.tsx";
import { Banners } from "./shell/banners.tsx";
import { Button } from "./shell/button.tsx";
import {
  type CloseProps,
  type OpenDialog,
  PageContext,
  type PageValue,
  StartContext,
  type StartValue,
  useLayer,
  useModel,
  useStart,
  useStartTexts,
} from "./shell/context.tsx";
import { combined, listen } from "./shell/effects.ts";
import { keepFocus, markPointerInput } from "./shell/focus.ts";
import { LazyModule, useLoading, useModule } from "./shell/lazy.ts";
import { writeLocal } from "./shell/local.ts";
import {
  onSettings,
  readSettings,
  type StoredPageSettings,
  saveSettings,
} from "./shell/settings.ts";
import { addStyleSheet } from "./shell/style-sheet.ts";
import { TIMERS } from "./shell/timers.ts";
import { ToastQueue } from "./shell/toast-queue.ts";
import { Toasts, useModelFaults } from "./shell/toasts.tsx";
import { useWakeLock } from "./shell/wake-lock.ts";
import { trustOffer } from "./trust/offer-module.ts";

const DAY_CHECK_MS = 10_000;

/** Loads during the sign-in, so that its form is there sooner. */
const room = new LazyModule(() => import("./room/chat-page.tsx"));
const style = new LazyModule(async () => ({ isApplied: await addStyleSheet(chatSheet) }));
const notifications = new LazyModule(() => import("./attention/notifications.ts"));
const dashboard = new LazyModule(() => import("./admin/dashboard.tsx"));
const TEXTS = {
  en: new LazyModule(() => loadTexts("en")),
  id: new LazyModule(() => loadTexts("id")),
};

interface Overlay {
  readonly id: number;
  readonly render: (close: () => void) => ReactNode;
}

function useDocumentStyle(settings: StoredPageSettings, lang: string): void {
  useEffect(() => {
    const root = document.documentElement;
    root.lang = lang;
    if (settings.theme === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = settings.theme;
  }, [settings.theme, lang]);
}

/** The model marks messages as read only while the page has the focus and nothing covers them. */
function useFocus(chat: PageClient, layers: Layers): void {
  useEffect(() => {
    let wasFocused: boolean | undefined;
    const isFocused = () =>
      document.visibilityState === "visible" &&
      attempt(() => document.hasFocus()) !== false &&
      !layers.isCovered;
    // With each focus, the client adopts what closed tabs have left.
    const report = () => {
      wasFocused = isFocused();
      chat.setFocus(wasFocused);
    };
    report();
    layers.onChange = () => {
      if (isFocused() !== wasFocused) report();
    };
    return combined(
      listen(window, "focus blur", report),
      listen(document, "visibilitychange", report),
    );
  }, [chat, layers]);
}

/** Draws all dates again after midnight. A page that slept notices when it is shown. */
function useToday(): number {
  const [today, setToday] = useState(() => new Date().setHours(0, 0, 0, 0));
  useEffect(() => {
    const check = () => setToday(new Date().setHours(0, 0, 0, 0));
    const timer = setInterval(check, DAY_CHECK_MS);
    return combined(() => clearInterval(timer), listen(document, "visibilitychange", check));
  }, []);
  return today;
}

/** Listens before all handlers of the page. */
function useKeyGuard(): void {
  useEffect(() => {
    const guard = new KeyGuard();
    const onKeyDown = (event: KeyboardEvent) => {
      const verdict = guard.judge(event);
      if (verdict === "pass") return;
      event.stopImmediatePropagation();
      if (verdict === "drop") event.preventDefault();
    };
    return listen(window, "keydown", onKeyDown, { capture: true });
  }, []);
}

/** Maximum number of events that wait for the texts of the rooms. */
const EARLY_EVENTS_MAX = 100;

function useNotifications(): void {
  const { chat, texts } = useStart();
  const page = useContext(PageContext);
  const wording = useModule(notifications);
  const announce = useAnnounce();
  const latest = useRef<ShownBy>(undefined);
  const notifier = useRef<Notifier>(undefined);
  if (wording !== undefined) notifier.current ??= new wording.Notifier(chat, announce);
  latest.current = page;
  useEffect(() => {
    // The worker would outlast `chat web`. The settings explain why it does not run elsewhere.
    if (!chat.isLocal && wording) void ifPossible(wording.registerWorker(texts.lang));
  }, [chat, texts.lang, wording]);
  const early = useRef<PageEvent[]>([]);
  const show = useCallback((event: PageEvent) => {
    if (latest.current && notifier.current) notifier.current.show(event, latest.current);
    else if (early.current.length < EARLY_EVENTS_MAX) early.current.push(event);
  }, []);
  useEffect(() => chat.onEvent(show), [chat, show]);
  const hasTexts = page !== undefined && wording !== undefined;
  useEffect(() => {
    if (hasTexts) for (const event of early.current.splice(0)) show(event);
  }, [hasTexts, show]);
  useEffect(() => chat.store.subscribe(() => notifier.current?.update()), [chat]);
}

function useRouteClearing(me: string | undefined): void {
  const { layers } = useStart();
  const before = useRef(me);
  useEffect(() => {
    if (before.current !== undefined && me !== before.current) {
      layers.replace(location.pathname);
    }
    before.current = me;
  }, [layers, me]);
}

/** Stands in for the chat page while it loads, which something may block permanently. */
function Starting({ hasFailed }: { readonly hasFailed: boolean }) {
  const texts = useStartTexts();
  return (
    <main className="entering">
      <div className="card">
        <div className="enter-sheet">
          {hasFailed ? (
            <>
              <Announced kind="fault">{texts.partMissing}</Announced>
              <Button onClick={() => location.reload()}>{texts.reload}</Button>
            </>
          ) : (
            <p>{texts.loading}</p>
          )}
        </div>
      </div>
    </main>
  );
}

interface ScreenProps {
  /** Whether the texts of the rooms could not be loaded so far. */
  readonly hasNoTexts: boolean;
}

function Screen({ hasNoTexts }: ScreenProps) {
  const model = useModel();
  const [isDashboard, setDashboard] = useState(false);
  useNotifications();
  useModelFaults();
  const { texts, fail } = useStart();
  const page = useContext(PageContext);
  const { me } = model;
  const isOperator = model.isOperator && me !== undefined;
  const openDashboard = useCallback(() => {
    dashboard.fetch().then(
      () => setDashboard(true),
      () => fail(texts.loadFailed),
    );
  }, [fail, texts]);
  useLayer(() => setDashboard(false), isDashboard && isOperator, {
    ignoresEscape: true,
    isCover: true,
  });
  useRouteClearing(me);
  useEffect(() => {
    if (me !== undefined) writeLocal(KNOWN_KEY, true);
  }, [me]);
  const { Dashboard } = useModule(dashboard, isDashboard) ?? {};
  const { loaded: { ChatPage } = {}, hasFailed } = useLoading(room);
  const { loaded: isStyled, hasFailed: isUnstyled } = useLoading(style);
  const closeDashboard = useCallback(() => setDashboard(false), []);
  if (me === undefined) return <SignIn />;
  const administration =
    page !== undefined && isDashboard && isOperator && Dashboard !== undefined ? (
      <Dashboard onClose={closeDashboard} />
    ) : undefined;
  if (ChatPage === undefined || isStyled === undefined || page === undefined)
    return <Starting hasFailed={hasFailed || isUnstyled || hasNoTexts} />;
  return (
    <ChatPage
      key={me}
      model={model}
      isOperator={isOperator}
      onDashboard={openDashboard}
      other={administration}
      onLeaveOther={closeDashboard}
    />
  );
}

function useOverlays() {
  const nextId = useRef(1);
  const [overlays, setOverlays] = useState<readonly Overlay[]>([]);
  const show = useCallback((render: Overlay["render"]) => {
    const id = nextId.current++;
    setOverlays((before) => [...before, { id, render }]);
  }, []);
  const close = useCallback((id: number) => {
    setOverlays((before) => before.filter((overlay) => overlay.id !== id));
  }, []);
  return { overlays, show, close };
}

function withLocale<Some extends StartTexts>(texts: Some): Some {
  const { locale } = new Intl.DateTimeFormat().resolvedOptions();
  return { ...texts, locale: localeFor(texts.lang, [locale, ...navigator.languages]) };
}

interface LanguageTexts {
  readonly startTexts: StartTexts;
  readonly texts: Texts | undefined;
  readonly hasFailed: boolean;
}

function useLanguageTexts(language: Language, initialTexts: StartTexts): LanguageTexts {
  const english = useLoading(TEXTS.en, language === "en");
  const indonesian = useLoading(TEXTS.id, language === "id");
  const { loaded, hasFailed } = language === "id" ? indonesian : english;
  // Until the other language has loaded, the page keeps the former.
  const latest = loaded ?? english.loaded ?? indonesian.loaded;
  const texts = useMemo(() => latest && withLocale(latest), [latest]);
  const firstTexts = useMemo(() => withLocale(initialTexts), [initialTexts]);
  return { startTexts: texts ?? firstTexts, texts, hasFailed };
}

export interface AppProps {
  readonly chat: PageClient;
  readonly texts: StartTexts;
}

export function App(props: AppProps) {
  return (
    <AnnouncerProvider>
      <Page {...props} />
    </AnnouncerProvider>
  );
}

function Page({ chat, texts: initialTexts }: AppProps) {
  const [settings, setSettings] = useState(readSettings);
  const [previews] = useState({});
  const { overlays, show, close } = useOverlays();
  const [toasts] = useState(() => new ToastQueue(TIMERS));
  const [layers] = useState(() => new Layers(window));
  const [help] = useState({});
  const change = useCallback(
    (changes: Partial<StoredPageSettings>) => {
      const failure = saveSettings(changes);
      if (failure !== undefined) chat.settingsFailed(failure);
      setSettings((before) => ({ ...before, ...changes }));
    },
    [chat],
  );
  useEffect(() => onSettings(setSettings), []);
  const language = settings.language ?? languageFor(navigator.languages);
  const { startTexts, texts, hasFailed } = useLanguageTexts(language, initialTexts);
  const today = useToday();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the names of days change at midnight
  const times = useMemo(() => timesIn(startTexts), [startTexts, today]);
  const announcer = useAnnouncer();
  announcer.level = settings.announcements;
  useDocumentStyle(settings, startTexts.lang);
  useFocus(chat, layers);
  useEffect(keepFocus, []);
  useEffect(markPointerInput, []);
  useKeyGuard();
  useNoStrayDrops();
  useVisibleHeight();
  useWakeLock(settings.keepsAwake);
  const { loaded: { TrustRoute } = {}, hasFailed: lacksTrust } = useLoading(trustOffer);
  const { isApplied = true } = useModule(style) ?? {};
  const lacksTexts = hasFailed && texts !== undefined;
  const start: StartValue = useMemo(() => {
    const toast = (text: string, isFault: boolean) => {
      toasts.show(text, isFault);
      announcer.announce(isFault ? "fault" : "notice", text);
    };
    const notify = (text: string) => toast(text, false);
    const fail = (error: unknown) => toast(faultText(error, startTexts), true);
    const openDialog: OpenDialog = (dialog, ...[props]) =>
      show((onClose) => createElement(dialog as ComponentType<CloseProps>, { ...props, onClose }));
    const shared = { chat, texts: startTexts, times, previews, settings, change, show };
    return { ...shared, layers, help, toasts, notify, fail, openDialog };
  }, [chat, startTexts, times, previews, settings, change, show, layers, help, toasts, announcer]);
  const page: PageValue | undefined = useMemo(() => texts && { ...start, texts }, [start, texts]);
  return (
    <StartContext value={start}>
      <PageContext value={page}>
        <Banners
          lacksPart={!isApplied || lacksTexts || (lacksTrust && location.hash === TRUST_HASH)}
        />
        <Screen hasNoTexts={hasFailed} />
        {TrustRoute && <TrustRoute />}
        <Toasts level="page" />
        {overlays.map(({ id, render }) => (
          <Fragment key={id}>{render(() => close(id))}</Fragment>
        ))}
      </PageContext>
    </StartContext>
  );
}

/** Less is the browser's own bar. */
const KEYBOARD_PX_MIN = 100;

/** Browsers that ignore `interactive-widget`, as on iOS, lay the keyboard over the page. */
function useVisibleHeight(): void {
  useEffect(() => {
    const viewport = attempt(() => visualViewport);
    const { style, dataset } = document.documentElement;
    if (!viewport) return;
    const fit = () => {
      const { scale, height, offsetTop } = viewport;
      const keyboardPx = document.documentElement.clientHeight - height;
      // Safari 26 lowers both heights, and moves the window over the page.
      const isCovered = Math.max(keyboardPx, offsetTop) >= KEYBOARD_PX_MIN;
      // While zoomed, the page keeps its size and is moved by a finger.
      const isZoomed = scale > 1.01;
      if (isZoomed) dataset["zoomed"] = "";
      else delete dataset["zoomed"];
      if (isZoomed || !isCovered) {
        for (const name of ["top", "bottom"]) style.removeProperty(`--covered-${name}`);
      } else {
        style.setProperty("--covered-top", `${offsetTop}px`);
        style.setProperty("--covered-bottom", `${keyboardPx - offsetTop}px`);
        // Browsers scroll the document to show a focused field, which is above the keyboard now.
        if (scrollY !== 0) scrollTo(0, 0);
      }
    };
    return combined(listen(viewport, "resize scroll", fit), listen(window, "scroll", fit));
  }, []);
}
