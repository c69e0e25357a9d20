/**
 * Service worker for push notifications, which also says when the server can't be reached. Without
 * a cache, it never serves an outdated page.
 */

import { tryUrl } from "../base/decode.ts";
import { isGroupName } from "../base/names.ts";
import { cleanText } from "../base/text.ts";
import { languageFor } from "../ui/messages/languages.ts";
import { WORKER_TEXTS, type WorkerTexts } from "../ui/messages/worker.ts";
import { accountHash, readRoute } from "./input/route.ts";
import { unreachablePage } from "./unreachable.ts";

interface WorkerScope {
  readonly location: { readonly search: string };
  readonly registration: {
    /** Absent in older browsers. */
    readonly navigationPreload?: { enable(): Promise<void> };
    showNotification(title: string, options: NotificationContent): Promise<void>;
  };
  readonly clients: {
    matchAll(options: object): Promise<readonly PageClient[]>;
    openWindow(path: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(kind: "install", listener: (event: Extendable) => void): void;
  addEventListener(kind: "activate", listener: (event: Extendable) => void): void;
  addEventListener(kind: "fetch", listener: (event: FetchEvent) => void): void;
  addEventListener(kind: "push", listener: (event: PushEvent) => void): void;
  addEventListener(kind: "notificationclick", listener: (event: ClickEvent) => void): void;
}

interface Extendable {
  waitUntil(promise: Promise<unknown>): void;
}

interface FetchEvent {
  readonly request: Request;
  /** Response to the request that the browser sent while the worker started, if it did. */
  readonly preloadResponse?: Promise<Response | undefined>;
  respondWith(response: Promise<Response>): void;
}

interface PushEvent extends Extendable {
  readonly data: { json(): unknown } | null;
}

interface ClickEvent extends Extendable {
  readonly notification: { readonly data: unknown; close(): void };
}

interface PageClient {
  readonly visibilityState: string;
  focus(): Promise<unknown>;
  postMessage(message: object, transfer?: readonly MessagePort[]): void;
}

interface NotificationContent {
  readonly body: string;
  readonly tag: string;
  readonly renotify: boolean;
  readonly icon: string;
  readonly data: { readonly at: string; readonly room: string; readonly user: string };
}

declare const PUSH_ICON: string;

const scope = globalThis as unknown as WorkerScope;

type Fields = Readonly<Record<string, unknown>>;

function texts(): WorkerTexts & { readonly lang: string } {
  const lang = languageFor([new URLSearchParams(scope.location.search).get("lang") ?? ""]);
  return { ...WORKER_TEXTS[lang], lang };
}

function pushFields({ data }: PushEvent): Fields {
  try {
    const value = data?.json();
    return typeof value === "object" && value !== null ? (value as Fields) : {};
  } catch {
    return {};
  }
}

function cleanField(value: unknown): string {
  return typeof value === "string" ? cleanText(value) : "";
}

function parseTarget(value: unknown): string {
  return typeof value === "string" ? (readRoute(`#/${value}`)?.target ?? "") : "";
}

/** Shows unreadable pushes too, because browsers revoke the permission otherwise. */
function show(event: PushEvent): Promise<void> {
  const { tag, user, at, title: roomTitle, from, text, count } = pushFields(event);
  const target = parseTarget(at);
  const body = cleanField(text);
  const author = cleanField(from);
  const place = cleanField(roomTitle) || (isGroupName(target) ? "" : target);
  const isDirect = target.startsWith("@") || place === "";
  const title = isDirect || author === "" ? author || place : `${author} \u00b7 ${place}`;
  const countPrefix = typeof count === "number" && count > 1 ? `(${count}) ` : "";
  return scope.registration.showNotification(title || "chat", {
    body: body === "" ? texts().push : countPrefix + body,
    tag: typeof tag === "string" ? tag : "",
    renotify: typeof tag === "string" && tag !== "",
    icon: PUSH_ICON,
    // The server tags a push with its room, or with the word "sealed".
    data: { at: target, room: typeof tag === "string" ? tag : "", user: cleanField(user) },
  });
}

/** Pages that the browser has frozen do not answer. */
const ANSWER_MS = 500;

/** Returns the first page that is signed in to the account. */
function pageOf(pages: readonly PageClient[], user: string): Promise<PageClient | undefined> {
  return new Promise((resolve) => {
    for (const page of pages) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve(page);
      page.postMessage({ kind: "account", user }, [port2]);
    }
    setTimeout(resolve, ANSWER_MS);
  });
}

/** Names the account, because the last one of this browser may be another. */
function pathOf(target: string, user: string): string {
  if (user !== "") return `/${accountHash(user, target)}`;
  return target === "" ? "/" : `/#/${target}`;
}

async function open(target: string, room: string, user: string): Promise<void> {
  const pages = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  const visible = pages.find(({ visibilityState }) => visibilityState === "visible");
  const owner = user === "" || pages.length < 2 ? undefined : await pageOf(pages, user);
  const page = owner ?? visible ?? pages[0];
  if (page === undefined) {
    await scope.clients.openWindow(pathOf(target, user));
    return;
  }
  page.postMessage({ kind: "open", at: target, room, user });
  await page.focus();
}

/** Statuses of a proxy that does not reach the server. */
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 504]);

async function openPage({ request, preloadResponse }: FetchEvent): Promise<Response> {
  const unreachable = () => {
    const { lang, unreachable: text } = texts();
    return unreachablePage(lang, text);
  };
  try {
    const response = (await preloadResponse) ?? (await fetch(request));
    return GATEWAY_STATUSES.has(response.status) ? unreachable() : response;
  } catch {
    return unreachable();
  }
}

function isPage({ mode, url }: Request): boolean {
  return mode === "navigate" && tryUrl(url)?.pathname === "/";
}

// Replaces the previous worker immediately, because workers hold no state.
scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => {
  event.waitUntil(Promise.resolve(scope.registration.navigationPreload?.enable()));
});
scope.addEventListener("fetch", (event) => {
  if (isPage(event.request)) event.respondWith(openPage(event));
});
scope.addEventListener("push", (event) => event.waitUntil(show(event)));
scope.addEventListener("notificationclick", (event) => {
  const { notification } = event;
  notification.close();
  const { at, room, user } = (notification.data ?? {}) as Fields;
  event.waitUntil(open(parseTarget(at), typeof room === "string" ? room : "", cleanField(user)));
});
